// Command boundary writes both sides of the boundary between client.wasm and
// shim.js from the Go types of package session, so that they cannot differ:
// inputs, effects and options, with their fields and their documentation.
//
//	go generate ./wasm/...
//
// An input crosses as a list: its opcode, then its fields in the order of the Go
// type. An effect crosses as an object with its type and its fields. Durations
// are milliseconds. Beside them stands what the shim needs of package wire.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
)

func main() {
	source := flag.String("session", "../../session", "folder of package session")
	goFile := flag.String("go", "boundary_gen.go", "Go file to write")
	jsFolder := flag.String("js", "../../../shim", "folder to write boundary.gen.js and wire.gen.js to")
	check := flag.Bool("check", false, "write nothing; fail when a file is out of date")
	flag.Parse()
	if err := run(*source, *goFile, *jsFolder, *check); err != nil {
		fmt.Fprintln(os.Stderr, "boundary:", err)
		os.Exit(1)
	}
}

func run(source, goFile, jsFolder string, check bool) error {
	model, err := read(source)
	if err != nil {
		return err
	}
	goText, err := format.Source([]byte(goSide(model)))
	if err != nil {
		return fmt.Errorf("the Go side does not parse: %w", err)
	}
	for file, text := range map[string][]byte{
		goFile: goText,
		filepath.Join(jsFolder, "boundary.gen.js"): []byte(jsSide(model)),
		filepath.Join(jsFolder, "wire.gen.js"):     []byte(jsWire()),
	} {
		old, err := os.ReadFile(file)
		if err == nil && bytes.Equal(old, text) {
			continue
		}
		if check {
			return fmt.Errorf("%s is out of date: run make generate", filepath.Base(file))
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
