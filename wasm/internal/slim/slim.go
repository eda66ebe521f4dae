// Package slim makes a small wasm file of the one that the Go linker wrote. The
// program stays the same, and in its memory everything but the tables that map
// its instructions to lines of source: a panic names functions without lines.
package slim

import "bytes"

// Slim returns the module with few data segments, and without line tables and
// custom sections, which hold the names and other notes for debuggers.
func Slim(module []byte) ([]byte, error) {
	sections, err := readSections(module)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(header)
	for _, s := range sections {
		switch s.id {
		case customSection:
			continue
		case dataSection:
			if s.content, err = slimData(s.content); err != nil {
				return nil, err
			}
		}
		out = s.append(out)
	}
	return out, nil
}

func slimData(content []byte) ([]byte, error) {
	m, err := readSegments(content)
	if err != nil {
		return nil, err
	}
	if err := dropLines(m.bytes); err != nil {
		return nil, err
	}
	return writeSegments(m), nil
}
