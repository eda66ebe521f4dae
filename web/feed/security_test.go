package feed

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every defence on the page names tests that exist.
func TestSecurityPageNamesTests(t *testing.T) {
	page, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, dir := range []string{"..", "../../e2e/middleware"} {
		root := os.DirFS(dir)
		err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			text, err := fs.ReadFile(root, path)
			code.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "Threat" {
			continue
		}
		rows++
		names := regexp.MustCompile("`((?:Test|Fuzz|Example)\\w+|Garbage)`").FindAllStringSubmatch(cells[3], -1)
		if len(names) == 0 {
			t.Errorf("no test for: %s", cells[1])
		}
		for _, name := range names {
			if name[1] != "Garbage" && !strings.Contains(code.String(), "func "+name[1]+"(") {
				t.Errorf("%s does not exist; it is named for: %s", name[1], cells[1])
			}
		}
	}
	if rows < 30 {
		t.Errorf("%d rows", rows)
	}
}
