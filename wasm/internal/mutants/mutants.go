// Package mutants puts deliberate bugs into the source, one at a time and without
// touching it, to see whether the tests notice. Its own lists are those of the
// server, the bridge, the shim and the native client; the simulator has the list of
// the session.
package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutant is one bug: In is put in the place of Out, which must be there once.
type Mutant struct {
	Name    string
	File    string // from the root of the repository
	Out, In string
}

// Source returns the file with the bug.
func (m Mutant) Source(root string) (string, error) {
	source, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), m.Out); n != 1 {
		return "", fmt.Errorf("mutant %q: %q is %d times in %s; bring the mutant up to date", m.Name, m.Out, n, m.File)
	}
	return strings.Replace(string(source), m.Out, m.In, 1), nil
}

// Write puts the file with the bug into a directory, and returns its path.
func (m Mutant) Write(root, dir string) (path string, err error) {
	source, err := m.Source(root)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, filepath.Base(m.File))
	return path, os.WriteFile(path, []byte(source), 0o600)
}

// Overlay writes the list that puts the bug over the real file, for the flag
// -overlay of the go command, into a directory.
func (m Mutant) Overlay(root, dir string) (list string, err error) {
	mutated, err := m.Write(root, dir)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, m.File): mutated}})
	if err != nil {
		return "", err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, os.WriteFile(list, data, 0o600)
}
