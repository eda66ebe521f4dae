package wire

import (
	"strings"
	"testing"
)

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"":                                 false,
		"1":                                true,
		"e-1":                              true,
		"a b&c/é€😀":                        true,
		"e\n1":                             false,
		"\n":                               false,
		"e\r1":                             true,
		"e\x801":                           false,
		strings.Repeat("x", MaxID):         true,
		strings.Repeat("x", MaxID+1):       false,
		strings.Repeat("é", MaxID):         true,
		strings.Repeat("😀", MaxID/2):       true, // two each, as JavaScript counts
		strings.Repeat("😀", MaxID/2) + "x": false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("ValidID(%.20q), %d bytes, is %v", id, len(id), got)
		}
	}
}
