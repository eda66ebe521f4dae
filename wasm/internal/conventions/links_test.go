package conventions

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// slug is the anchor of a heading, as GitHub makes it.
func slug(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	heading = regexp.MustCompile(`[^\pL\pN_\- ]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
	return strings.ReplaceAll(heading, " ", "-")
}

// brokenLinks are the links of a page to files of the tree that are not there, and to
// headings that a page does not have.
func brokenLinks(file, text string, page func(name string) (text string, found bool)) (all []string, checked int) {
	code := regexp.MustCompile("(?s)```.*?```")
	for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
		target, anchor, _ := strings.Cut(link[1], "#")
		if strings.Contains(target, "://") {
			continue
		}
		checked++
		name := file
		if target != "" {
			name = path.Join(path.Dir(file), target)
		}
		linked, found := page(name)
		headings := map[string]bool{}
		for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(code.ReplaceAllString(linked, ""), -1) {
			headings[slug(heading[1])] = true
		}
		if !found || anchor != "" && !headings[anchor] {
			all = append(all, link[1])
		}
	}
	return all, checked
}

// What a page links to is there, seen from the folder of the page.
func TestLinks(t *testing.T) {
	sum := 0
	for _, file := range files(t, ".md") {
		broken, checked := brokenLinks(file, string(read(t, file)), func(name string) (string, bool) {
			text, err := os.ReadFile(filepath.Join(root, name))
			if err == nil {
				return string(text), true
			}
			_, err = os.Stat(filepath.Join(root, name)) // a folder, perhaps
			return "", err == nil
		})
		sum += checked
		for _, link := range broken {
			t.Errorf("%s links to %s, which is not there", file, link)
		}
	}
	if sum < 50 {
		t.Errorf("only %d links were found", sum)
	}
}

func TestBrokenLinks(t *testing.T) {
	pages := map[string]string{"a/b.md": "# One `two`, three\n", "a/c.png": ""}
	page := func(name string) (string, bool) {
		text, found := pages[name]
		return text, found
	}
	for link, right := range map[string]bool{
		"b.md": true, "../a/b.md#one-two-three": true, "c.png": true, "#here": true, "https://example.org/x": true,
		"a/b.md": false, "b.md#one": false, "#there": false,
	} {
		pages["a/d.md"] = "## Here\n[x](" + link + ")\n"
		if broken, _ := brokenLinks("a/d.md", pages["a/d.md"], page); (len(broken) == 0) != right {
			t.Errorf("%s: broken are %q", link, broken)
		}
	}
}
