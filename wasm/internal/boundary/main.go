// Command boundary writes both sides of the boundary between client.wasm and
// shim.js from the Go types of package session, so that they cannot differ:
// inputs, effects and options, with their fields and their documentation.
//
//	go generate ./wasm/...
//
// An input crosses as a list: its opcode, then its fields in the order of the Go
// type. An effect crosses as an object with its type and its fields. Durations
// are milliseconds. Beside them stands what the shim needs of package wire.
//
// Both sides bear the same build: the version, and a digest of the boundary. A
// shim.js refuses a client.wasm of another build, which it could not understand.
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"

	"github.com/wakesocket/wakesocket/wasm/wire"
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
	goText, jsText := sides(model)
	goBytes, err := format.Source([]byte(goText))
	if err != nil {
		return fmt.Errorf("the Go side does not parse: %w", err)
	}
	for file, text := range map[string][]byte{
		goFile: goBytes,
		filepath.Join(jsFolder, "boundary.gen.js"): []byte(jsText),
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

// sides are the texts of the two files.
func sides(m *model) (goText, jsText string) {
	goText, jsText = goSide(m), jsSide(m)
	build := fmt.Sprintf("%s-%.4x", wire.Release, sha256.Sum256([]byte(goText+jsText)))
	goText += fmt.Sprintf("\n// build is that of the shim.js which understands this program.\nconst build = %q\n", build)
	jsText += fmt.Sprintf("\n/** The build of the client.wasm that this shim understands: the version, and a digest of the boundary. */\nexport const build = %q;\n", build)
	return goText, jsText
}
