package mutants

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// Every bug of the lists fits the source as it is; make mutants then runs the tests
// with each.
func TestMutantsFitTheSource(t *testing.T) {
	names, total := map[string]bool{}, 0
	for _, suite := range Suites() {
		for _, m := range suite.Mutants {
			total++
			if names[m.Name] {
				t.Errorf("two mutants are named %q", m.Name)
			}
			names[m.Name] = true
			source, err := m.Source(root)
			if err != nil {
				t.Error(err)
				continue
			}
			if !strings.HasSuffix(m.File, ".go") {
				continue
			}
			if _, err := parser.ParseFile(token.NewFileSet(), m.File, source, 0); err != nil {
				t.Errorf("mutant %q: %v", m.Name, err)
			}
		}
	}
	if total < 60 {
		t.Errorf("%d mutants; at least 60 are wanted", total)
	}
}

// A list without a bug is caught by nothing, and one with an obvious bug is.
func TestCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs other tests")
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	const file, line = "web/store/id.go", "const MaxID = 128\n"
	for _, test := range []struct {
		in     string
		caught bool
	}{{line, false}, {"const MaxID = 8\n", true}} {
		m := Mutant{Name: "limit", File: file, Out: line, In: test.in}
		caught, output, err := Suite{run: goTest}.Caught(t.Context(), absolute, m)
		if err != nil || caught != test.caught {
			t.Errorf("%q: caught is %v, %v\n%s", test.in, caught, err, output)
		}
	}
	if _, _, err := (Suite{run: goTest}).Caught(t.Context(), absolute, Mutant{File: file, Out: line, In: "const MaxID = \"\"\n"}); err == nil {
		t.Error("a mutant that does not build is no error")
	}
}
