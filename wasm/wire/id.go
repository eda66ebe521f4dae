package wire

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxID is how many characters an id may have, counted in UTF-16 as JavaScript
// does. An id travels in a query string; a longer one is a mistake.
const MaxID = 256

// ValidID reports whether a client can resume from an id: one line of at most
// [MaxID] characters. The empty text is no id.
func ValidID(id string) bool {
	units := 0
	for _, r := range id {
		units += utf16.RuneLen(r)
	}
	return units > 0 && units <= MaxID && !strings.Contains(id, "\n") && utf8.ValidString(id)
}
