// Package conventions holds the tree to its written rules, which CONTRIBUTING.md
// names.
package conventions

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// Each option of a public package has a comment that begins with its name and ends
// with its default, unless it is required.
func TestOptionsHaveDefaults(t *testing.T) {
	structs := 0
	for _, file := range files(t, ".go") {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/internal/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() || !strings.HasSuffix(spec.Name.Name, "Options") {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok {
				structs++
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						if fault := optionFault(name.Name, f.Doc.Text()); name.IsExported() && fault != "" {
							t.Errorf("%s: %s.%s: %s", file, spec.Name, name, fault)
						}
					}
				}
			}
			return true
		})
	}
	if structs < 8 {
		t.Errorf("only %d structs of options were found", structs)
	}
}

// optionFault says what a comment of an option lacks.
func optionFault(name, doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if !strings.HasPrefix(doc, name+" ") {
		return "the comment does not begin with the name: " + doc
	}
	if strings.HasSuffix(doc, "It is required.") {
		return ""
	}
	at := strings.LastIndex(doc, "Defaults to ")
	if at < 0 || strings.Contains(doc[at:], ". ") || !strings.HasSuffix(doc, ".") {
		return `the comment does not end with "Defaults to …": ` + doc
	}
	return ""
}

func TestOptionFault(t *testing.T) {
	for doc, right := range map[string]bool{
		"Events is how many to keep.\nDefaults to 4096.":       true,
		"Events is how many to keep. Defaults to 0: no limit.": true,
		"Events is how many to keep. It is required.":          true,
		"": false,
		"How many events to keep. Defaults to 4096.":               false,
		"Events is how many to keep.":                              false,
		"Events is how many to keep. Defaults to 4096. Keep more.": false,
		"Events is how many to keep. Defaults to 4096":             false,
	} {
		if fault := optionFault("Events", doc); (fault == "") != right {
			t.Errorf("%q: %q", doc, fault)
		}
	}
}
