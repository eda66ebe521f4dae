package npm

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// snippetFolder is a folder for sources that use the package as a project does.
func snippetFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp(".", "snippets-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// compile lets tsc judge the sources of a folder.
func compile(t *testing.T, folder string) {
	t.Helper()
	config := `{"extends": "../types/bundler.json", "files": [], "include": ["*.ts", "*.tsx"], "compilerOptions": {"skipLibCheck": false}}`
	if err := os.WriteFile(filepath.Join(folder, "tsconfig.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "node_modules/.bin/tsc", "-p", folder)
}

// Every snippet of the package's README compiles, each as a module of its own.
func TestSnippets(t *testing.T) {
	text, err := os.ReadFile("../../shim/README.md")
	if err != nil {
		t.Fatal(err)
	}
	folder := snippetFolder(t)
	snippets := regexp.MustCompile("(?s)```(js|tsx?)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(snippets) < 8 {
		t.Fatalf("only %d snippets were found", len(snippets))
	}
	for i, snippet := range snippets {
		extension := strings.Replace(snippet[1], "js", "ts", 1) // the same, with types
		if err := os.WriteFile(fmt.Sprintf("%s/snippet%d.%s", folder, i, extension), []byte(snippet[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compile(t, folder)
}
