package main

// carrier is how values of a Go type cross the boundary.
type carrier struct {
	js     string // type in JavaScript
	encode string // JavaScript: of an input's field %s, the arguments
	decode string // Go: reads the arguments of an input's field
	give   string // Go: of an effect's field %s, the property
}

// carriers of all types that cross. A list of texts crosses as its length and
// one text, because each value that Go reads of JavaScript costs a call.
var carriers = map[string]carrier{
	"bool":            {"boolean", "%s", "args.bool()", "%s"},
	"int":             {"number", "%s", "args.int()", "%s"},
	"string":          {"string", "%s", "args.text()", "%s"},
	"time.Duration":   {"number", "%s", "args.duration()", "milliseconds(%s)"},
	"[]string":        {"string[]", `%[1]s.length, %[1]s.join("\n")`, "args.texts()", ""},
	"[]time.Duration": {"number[]", `%[1]s.length, %[1]s.map((ms) => Math.round(ms * 1000)).join("\n")`, "args.durations()", ""},
	"[]bool":          {"string", "", "", "mask(%s)"},
	"*Gap":            {"Gap | null", "%[1]s?.after, %[1]s?.earliest, %[1]s?.reason", "args.gap()", ""},
	"*wire.Previous":  {"string", "", "", "previous(%s)"},
}

func (m *model) carrier(kind string) carrier {
	if _, named := m.texts[kind]; named {
		return carrier{kind, "%s", "session." + kind + "(args.text())", "string(%s)"}
	}
	return carriers[kind]
}
