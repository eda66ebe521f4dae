package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// model is what crosses the boundary.
type model struct {
	inputs, effects, options []structure
	texts                    map[string][]string // named string types, with their constants
}

// structure is a Go struct and its documentation.
type structure struct {
	name   string
	doc    string
	fields []field
}

// field is one field of a structure.
type field struct {
	name string
	kind string // as the Go source writes its type
	doc  string
}

// timer is the one effect that the bridge adds: the shim owns the session's timer.
var timer = structure{name: "Timer", doc: "Timer asks to hand in a tick at a time of performance.now(), instead of the time asked for before; negative means never.",
	fields: []field{{name: "At", kind: "time.Duration"}, {name: "Every", kind: "time.Duration", doc: "between looks at the clocks until then; 0 for none"}}}

// read takes the types of package session from its source: whatever has a method
// input or effect, and the struct Options.
func read(folder string) (*model, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	m := &model{texts: map[string][]string{}}
	structures := map[string]structure{}
	var inputs, effects []string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.GenDecl:
				m.types(decl, structures)
			case *ast.FuncDecl:
				if decl.Recv == nil || decl.Type.Params.NumFields() != 0 {
					continue
				}
				switch receiver := source(decl.Recv.List[0].Type); decl.Name.Name {
				case "input":
					inputs = append(inputs, receiver)
				case "effect":
					effects = append(effects, receiver)
				}
			}
		}
	}
	for _, list := range []struct {
		names []string
		to    *[]structure
	}{{inputs, &m.inputs}, {effects, &m.effects}, {[]string{"Options"}, &m.options}} {
		for _, name := range list.names {
			s, ok := structures[name]
			if !ok {
				return nil, fmt.Errorf("%s is not a struct of package session", name)
			}
			*list.to = append(*list.to, s)
		}
	}
	m.effects = append(m.effects, timer)
	return m, m.check()
}

// types notes the structs and the named strings of a declaration.
func (m *model) types(decl *ast.GenDecl, structures map[string]structure) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			switch t := spec.Type.(type) {
			case *ast.StructType:
				doc := spec.Doc
				if doc == nil {
					doc = decl.Doc
				}
				structures[spec.Name.Name] = structure{spec.Name.Name, text(doc), fields(t)}
			case *ast.Ident:
				if t.Name == "string" {
					m.texts[spec.Name.Name] = nil
				}
			}
		case *ast.ValueSpec:
			kind, ok := spec.Type.(*ast.Ident)
			if _, known := m.texts[name(kind)]; !ok || !known {
				continue
			}
			for _, value := range spec.Values {
				if value, is := value.(*ast.BasicLit); is {
					m.texts[kind.Name] = append(m.texts[kind.Name], value.Value)
				}
			}
		}
	}
}

func name(ident *ast.Ident) string {
	if ident == nil {
		return ""
	}
	return ident.Name
}

func fields(t *ast.StructType) (all []field) {
	for _, f := range t.Fields.List {
		doc := text(f.Doc)
		if doc == "" {
			doc = text(f.Comment)
		}
		for _, name := range f.Names {
			all = append(all, field{name.Name, source(f.Type), doc})
		}
	}
	return all
}

// check refuses types that neither side could carry.
func (m *model) check() error {
	for _, list := range [][]structure{m.inputs, m.effects, m.options} {
		for _, s := range list {
			for _, f := range s.fields {
				if _, named := m.texts[f.kind]; !named && carriers[f.kind] == (carrier{}) {
					return fmt.Errorf("%s.%s is of type %s, for which the boundary has no form; add one to carriers", s.name, f.name, f.kind)
				}
			}
		}
	}
	return nil
}

// source is a type as the Go source writes it.
func source(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return "*" + source(e.X)
	case *ast.ArrayType:
		return "[]" + source(e.Elt)
	case *ast.SelectorExpr:
		return source(e.X) + "." + e.Sel.Name
	}
	return fmt.Sprintf("%T", e)
}

func text(doc *ast.CommentGroup) string {
	return strings.Join(strings.Fields(doc.Text()), " ")
}

// jsName is the name in JavaScript: ConsecutiveIDs is consecutiveIds.
func jsName(name string) string {
	for from, to := range map[string]string{"URL": "Url", "RTT": "Rtt", "IDs": "Ids", "ID": "Id"} {
		name = strings.ReplaceAll(name, from, to)
	}
	return strings.ToLower(name[:1]) + name[1:]
}
