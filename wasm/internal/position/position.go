// Package position orders the positions of a log, as far as a client can. It is the logic
// of shim/position.js in Go.
package position

import "strings"

// Relation is how one position stands to another.
type Relation int

const (
	Unknown Relation = iota // nobody knows what these ids are made of
	Same
	Before
	After
	Foreign // ids of two epochs have no order
)

// Relate returns how a stands to b. Greeted says that they are ids of a wakesocket
// server, which are "<epoch>-<major>" or "<epoch>-<major>-<minor>"; see
// web/store/id.go.
func Relate(a, b string, greeted bool) Relation {
	if a == b {
		return Same
	}
	if !greeted {
		if isNumber(a) && isNumber(b) {
			return order(a, b)
		}
		return Unknown
	}
	first, ok := parse(a)
	if !ok {
		return Foreign
	}
	second, ok := parse(b)
	switch {
	case !ok:
		return Unknown
	case first.epoch != second.epoch:
		return Foreign
	case first.major != second.major:
		return order(first.major, second.major)
	}
	return order(first.minor, second.minor)
}

// id has an empty minor for none, which is before every other.
type id struct{ epoch, major, minor string }

func parse(text string) (p id, ok bool) {
	epoch, rest, found := strings.Cut(text, "-")
	major, minor, has := strings.Cut(rest, "-")
	if !found || !isEpoch(epoch) || !isNumber(major) || has && (minor == "0" || !isNumber(minor)) {
		return p, false
	}
	return id{epoch, major, minor}, true
}

func isEpoch(text string) bool {
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return text != "" && len(text) <= 32
}

// isNumber reports whether the text is a whole number as a counter writes it.
func isNumber(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text == "0" || text != "" && text[0] != '0'
}

// order compares two different numbers of any length.
func order(a, b string) Relation {
	if len(a) < len(b) || len(a) == len(b) && a < b {
		return Before
	}
	return After
}
