package snapshot

import "strings"

// relation is how one position stands to another.
type relation int

const (
	unknown relation = iota // nobody knows what these ids are made of
	same
	before
	after
	foreign // ids of two epochs have no order
)

// relate returns how a stands to b. Greeted says that they are ids of a wakesocket
// server, which are "<epoch>-<major>" or "<epoch>-<major>-<minor>"; see
// web/store/id.go.
func relate(a, b string, greeted bool) relation {
	if a == b {
		return same
	}
	if !greeted {
		if isNumber(a) && isNumber(b) {
			return order(a, b)
		}
		return unknown
	}
	first, ok := parse(a)
	if !ok {
		return foreign
	}
	second, ok := parse(b)
	switch {
	case !ok:
		return unknown
	case first.epoch != second.epoch:
		return foreign
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
func order(a, b string) relation {
	if len(a) < len(b) || len(a) == len(b) && a < b {
		return before
	}
	return after
}
