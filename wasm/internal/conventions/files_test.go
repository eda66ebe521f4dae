package conventions

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// foreign are the folders of what is installed, built or somebody else's.
var foreign = regexp.MustCompile(`^(\.\w.*|node_modules|vendor|dist|out|(reference|snippets)-.*)$`)

// files are those of the tree with one of these endings, other than foreign ones.
func files(t *testing.T, endings ...string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && foreign.MatchString(entry.Name()) {
			return filepath.SkipDir
		}
		if !entry.IsDir() && slices.Contains(endings, filepath.Ext(path)) {
			all = append(all, filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator))))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A file holds one idea, in at most 400 lines.
func TestFilesAreShort(t *testing.T) {
	all := files(t, ".go", ".js", ".ts", ".css", ".html", ".sh", ".md")
	if len(all) < 500 {
		t.Fatalf("only %d files were found", len(all))
	}
	for _, file := range all {
		if lines := bytes.Count(read(t, file), []byte("\n")); lines > 400 {
			t.Errorf("%s has %d lines", file, lines)
		}
	}
}

// The files and folders that CONTRIBUTING.md sends its readers to are there.
func TestContributingNamesFilesThatExist(t *testing.T) {
	text := string(read(t, "CONTRIBUTING.md"))
	named := regexp.MustCompile("`((?:wasm|shim|web|e2e)(?:/[\\w.*-]+)*)`|\\]\\(([^:)]+)\\)").FindAllStringSubmatch(text, -1)
	if len(named) < 20 {
		t.Fatalf("only %d names were found", len(named))
	}
	for _, groups := range named {
		name := groups[1] + groups[2]
		if strings.Contains(name, "yours") {
			continue // of a recipe: the reader makes it
		}
		if found, err := filepath.Glob(filepath.Join(root, name)); err != nil || len(found) == 0 {
			t.Errorf("%s is not there", name)
		}
	}
}
