package main

import (
	"bytes"
	"fmt"
	"os"
)

// The tables of a document stand between these lines.
const (
	begin = "<!-- figures of make bench-server -->"
	end   = "<!-- end of figures -->"
)

// replaced returns the document with another text between the two lines.
func replaced(file string, text []byte) ([]byte, error) {
	document, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	head, rest, ok := bytes.Cut(document, []byte(begin+"\n"))
	_, tail, ok2 := bytes.Cut(rest, []byte(end+"\n"))
	if !ok || !ok2 {
		return nil, fmt.Errorf("%s: put the lines %s and %s where the tables shall be", file, begin, end)
	}
	return bytes.Join([][]byte{head, []byte(begin + "\n\n"), text, []byte("\n" + end + "\n"), tail}, nil), nil
}
