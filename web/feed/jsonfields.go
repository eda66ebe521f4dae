package feed

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// jsonField is a field of a struct as package encoding/json writes it.
type jsonField struct {
	name      string
	goName    string
	kind      reflect.Type
	tagged    bool
	optional  bool // may be missing
	neverNull bool // is missing when it would be null
	text      bool // a number or a bool, written as a text
	depth     int  // of embedding
	order     int
}

// jsonFields are those that encoding/json writes. Of fields with one name the one
// that is embedded least deeply counts, then the one with a tag; when there are
// still two, none does.
func jsonFields(t reflect.Type) []jsonField {
	var all []jsonField
	collect(t, 0, false, map[reflect.Type]bool{}, &all)
	byName := map[string][]jsonField{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	var fields []jsonField
	for _, same := range byName {
		slices.SortFunc(same, func(a, b jsonField) int {
			return cmp.Or(cmp.Compare(a.depth, b.depth), compareBools(b.tagged, a.tagged))
		})
		if len(same) == 1 || same[0].depth < same[1].depth || same[0].tagged && !same[1].tagged {
			fields = append(fields, same[0])
		}
	}
	slices.SortFunc(fields, func(a, b jsonField) int { return cmp.Compare(a.order, b.order) })
	return fields
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// collect appends the fields of t, and of what it embeds. optional: t is embedded
// behind a pointer, which may be nil.
func collect(t reflect.Type, depth int, optional bool, within map[reflect.Type]bool, all *[]jsonField) {
	if within[t] {
		return
	}
	within[t] = true
	defer delete(within, t)
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		options := strings.Split(rest, ",")
		embedded, pointer := f.Type, f.Type.Kind() == reflect.Pointer
		if pointer {
			embedded = embedded.Elem()
		}
		if f.Anonymous && name == "" && embedded.Kind() == reflect.Struct {
			collect(embedded, depth+1, optional || pointer, within, all)
			continue
		}
		if !f.IsExported() {
			continue
		}
		missing, neverNull := missable(f.Type, options)
		*all = append(*all, jsonField{
			name: cmp.Or(name, f.Name), goName: f.Name, kind: f.Type, tagged: name != "", depth: depth, order: len(*all),
			optional:  optional || missing,
			neverNull: neverNull,
			text:      slices.Contains(options, "string") && isScalar(f.Type),
		})
	}
}

// missable says whether a field with such options may be missing, and whether it
// is missing when it is nil.
func missable(t reflect.Type, options []string) (missing, neverNull bool) {
	// A pointer that is not nil may point to a nil.
	neverNull = isNilable(t) && (t.Kind() != reflect.Pointer || !isNilable(t.Elem()))
	if slices.Contains(options, "omitzero") {
		return true, neverNull
	}
	if !slices.Contains(options, "omitempty") {
		return false, false
	}
	// A struct and an array of some length are never empty.
	never := t.Kind() == reflect.Struct || t.Kind() == reflect.Array && t.Len() > 0
	return !never, neverNull
}

func isNilable(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map
}

// isScalar says whether the option "string" concerns a type or what it points to.
func isScalar(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return t.Kind() >= reflect.Bool && t.Kind() <= reflect.Float64 || t.Kind() == reflect.String
}
