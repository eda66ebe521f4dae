// Command pack writes a .br and a .gz beside each file named, so that a server
// can send the small form without compressing on each request. A file whose
// packed forms are newer than itself is left alone.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"

	"github.com/andybalholm/brotli"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := pack(path); err != nil {
			fmt.Fprintln(os.Stderr, "pack:", err)
			os.Exit(1)
		}
	}
}

func pack(path string) error {
	plain, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for ext, open := range map[string]func(io.Writer) (io.WriteCloser, error){
		".br": func(w io.Writer) (io.WriteCloser, error) {
			return brotli.NewWriterLevel(w, brotli.BestCompression), nil
		},
		".gz": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestCompression) },
	} {
		if fresh(path+ext, path) {
			continue
		}
		var packed bytes.Buffer
		w, err := open(&packed)
		if err != nil {
			return err
		}
		if _, err := w.Write(plain); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(path+ext, packed.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fresh(packed, plain string) bool {
	p, err1 := os.Stat(packed)
	q, err2 := os.Stat(plain)
	return err1 == nil && err2 == nil && p.ModTime().After(q.ModTime())
}
