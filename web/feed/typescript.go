package feed

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// WriteTypes writes a TypeScript file, .d.ts, with the types of topics as pages
// receive them: an interface for each Go struct, and one with the given name
// that holds the topics, for connect<Topics>(url). The rules are those of package
// encoding/json, with its tags: a field with omitempty may be missing, a nil
// pointer, slice or map is null.
//
// It is meant for a small program that go generate runs. It fails for a type that
// has no JSON, such as a channel, and for a type that writes its own JSON with
// MarshalJSON, unless a method TypeScript() string names its TypeScript type.
func WriteTypes(w io.Writer, name string, topics ...TypedTopic) error {
	if !isIdentifier(name) || name == arrayName || name == recordName {
		return fmt.Errorf("feed: write types: %q cannot be the name of an interface", name)
	}
	taken := map[string]bool{name: true, arrayName: true, recordName: true}
	d := &declarations{names: map[reflect.Type]string{}, taken: taken, within: map[reflect.Type]bool{}, text: bytes.NewBufferString(
		"// Code generated from the Go types of the feed's topics. DO NOT EDIT.\n")}
	var lines strings.Builder
	seen := map[string]bool{}
	for _, t := range topics {
		topic, data := t.declare()
		if topic == "" || seen[topic] {
			return fmt.Errorf("feed: write types: topic %q is empty, or there twice", topic)
		}
		seen[topic] = true
		kind, err := d.of(data)
		if err != nil {
			return fmt.Errorf("feed: write types: topic %q: %w", topic, err)
		}
		fmt.Fprintf(&lines, "  %s: %s;\n", property(topic), kind)
	}
	fmt.Fprintf(d.text, "\nexport interface %s {\n%s}\n", name, &lines)
	_, err := d.text.WriteTo(w)
	return err
}

// isIdentifier reports whether TypeScript takes a name without quotes. Package regexp
// would make every program larger that mounts a feed.
func isIdentifier(name string) bool {
	for i, r := range name {
		digit := '0' <= r && r <= '9'
		if letter := 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '_' || r == '$'; !letter && (i == 0 || !digit) {
			return false
		}
	}
	return name != ""
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// words are those of the name of a type, without the packages of type arguments.
func words(typeName string) string {
	parts := strings.FieldsFunc(typeName, func(r rune) bool { return !isWord(r) && !strings.ContainsRune("./-", r) })
	for i, part := range parts {
		parts[i] = part[strings.LastIndexByte(part, '.')+1:]
	}
	return strings.Join(parts, "")
}

// property is a name as an interface has it.
func property(name string) string {
	if isIdentifier(name) {
		return name
	}
	quoted, _ := json.Marshal(name) // a text always has JSON
	return string(quoted)
}

// Types of TypeScript that the file uses.
const (
	arrayName  = "Array"
	recordName = "Record"
)

// declarations are the interfaces written so far.
type declarations struct {
	names  map[reflect.Type]string
	taken  map[string]bool
	within map[reflect.Type]bool // that are being written, since the last interface began
	text   *bytes.Buffer
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	typeScripter  = reflect.TypeFor[interface{ TypeScript() string }]()

	known = map[reflect.Type]string{
		reflect.TypeFor[time.Time]():       "string",
		reflect.TypeFor[json.Number]():     "number",
		reflect.TypeFor[json.RawMessage](): "unknown",
	}
)

// of is the TypeScript type of a Go type.
func (d *declarations) of(t reflect.Type) (string, error) {
	if name, ok := known[t]; ok {
		return name, nil
	}
	if name, ok, err := ownJSON(t); ok || err != nil {
		return name, err
	}
	if t.Kind() != reflect.Struct && t.Name() != "" {
		if d.within[t] {
			return "", fmt.Errorf("type %s holds itself: put a struct with a name between", t)
		}
		d.within[t] = true
		defer delete(d.within, t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean", nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64:
		return "number", nil
	case reflect.String:
		return "string", nil
	case reflect.Interface:
		return "unknown", nil
	case reflect.Pointer:
		return d.orNull(t.Elem(), "%s")
	case reflect.Slice:
		if isBytes(t) {
			return "string | null", nil
		}
		return d.orNull(t.Elem(), arrayName+"<%s>")
	case reflect.Array:
		element, err := d.of(t.Elem())
		return arrayName + "<" + element + ">", err
	case reflect.Map:
		if key := t.Key(); !isKey(key) {
			return "", fmt.Errorf("a map with keys of type %s has no JSON", key)
		}
		return d.orNull(t.Elem(), recordName+"<string, %s>")
	case reflect.Struct:
		return d.structure(t)
	default:
		return "", fmt.Errorf("type %s has no JSON", t)
	}
}

// ownJSON is the TypeScript type of a type that says itself how its JSON looks; ok
// is false for all others.
func ownJSON(t reflect.Type) (name string, ok bool, err error) {
	if t.Kind() == reflect.Interface {
		return "", false, nil
	}
	if t.Kind() != reflect.Pointer && t.Implements(typeScripter) {
		return reflect.Zero(t).Interface().(interface{ TypeScript() string }).TypeScript(), true, nil
	}
	// Behind a pointer, of looks at the type itself.
	if t.Kind() == reflect.Pointer {
		return "", false, nil
	}
	pointer := reflect.PointerTo(t)
	switch {
	case pointer.Implements(jsonMarshaler):
		return "", false, fmt.Errorf("type %s writes its own JSON: give it a method TypeScript() string that names the TypeScript type", t)
	case t.Implements(textMarshaler):
		return "string", true, nil
	case pointer.Implements(textMarshaler):
		return "", false, fmt.Errorf("type %s writes its own text only behind a pointer: give MarshalText a value receiver, or the type a method TypeScript() string", t)
	}
	return "", false, nil
}

// orNull is for what is null when it is nil.
func (d *declarations) orNull(t reflect.Type, format string) (string, error) {
	element, err := d.of(t)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(fmt.Sprintf(format, element), orNull) + orNull, nil
}

const orNull = " | null"

func isBytes(t reflect.Type) bool {
	element := t.Elem()
	return element.Kind() == reflect.Uint8 && !reflect.PointerTo(element).Implements(jsonMarshaler) && !reflect.PointerTo(element).Implements(textMarshaler)
}

// isKey says whether a map with such keys has JSON.
func isKey(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Implements(textMarshaler) || t.Kind() >= reflect.Int && t.Kind() <= reflect.Uintptr
}

// structure is the name of the interface of a struct, or all of it when the
// struct has no name.
func (d *declarations) structure(t reflect.Type) (string, error) {
	if name, ok := d.names[t]; ok {
		return name, nil
	}
	name := d.name(t)
	d.names[t] = name // before its fields, which may hold the type again
	if name == "" {
		delete(d.names, t)
	} else {
		defer func(outer map[reflect.Type]bool) { d.within = outer }(d.within)
		d.within = map[reflect.Type]bool{}
	}
	var lines strings.Builder
	for _, f := range jsonFields(t) {
		kind, err := d.of(f.kind)
		if err != nil {
			return "", fmt.Errorf("%s.%s: %w", t, f.goName, err)
		}
		if f.text {
			kind = strings.NewReplacer("number", "string", "boolean", "string").Replace(kind)
		}
		mark := ""
		if f.optional {
			mark = "?"
		}
		if f.neverNull {
			kind = strings.TrimSuffix(kind, orNull)
		}
		fmt.Fprintf(&lines, "  %s%s: %s;\n", property(f.name), mark, kind)
	}
	if name == "" {
		inline := strings.TrimSpace(strings.ReplaceAll(lines.String(), "\n  ", " "))
		return "{ " + strings.TrimSuffix(inline, ";") + " }", nil
	}
	fmt.Fprintf(d.text, "\nexport interface %s {\n%s}\n", name, &lines)
	return name, nil
}

// name is a free name for the interface of a type, "" when the type has none.
func (d *declarations) name(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	// The names of type arguments stand in brackets.
	base := words(t.Name())
	first, size := utf8.DecodeRuneInString(base)
	base = string(unicode.ToUpper(first)) + base[size:]
	name := base
	for n := 2; d.taken[name]; n++ {
		name = base + strconv.Itoa(n)
	}
	d.taken[name] = true
	return name
}
