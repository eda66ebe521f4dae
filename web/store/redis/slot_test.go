package redis

import (
	"strings"
	"testing"
)

// The slots are those that CLUSTER KEYSLOT of a real server gives.
func TestSlot(t *testing.T) {
	for tag, want := range map[string]uint16{"": 0, "123456789": 12739, "wakesocket": 5590, "foo": 12182, "{}foo": 9500} {
		if got := slot(tag); got != want {
			t.Errorf("%q: %d, want %d", tag, got, want)
		}
	}
}

func TestSameSlot(t *testing.T) {
	for key, want := range map[string]string{
		"wakesocket":   "{wakesocket}",
		"{app}:events": "{app}:events",
		"prod:{app}":   "prod:{app}",
		"{a}{b}":       "{a}{b}",
		"{open":        "{{open}",
		"a}b{c":        "",
		"{}x":          "",
		"}":            "",
	} {
		got := sameSlot(key)
		if want != "" && got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
		if got = got + ":keys"; slot(hashTag(got)) != slot(hashTag(key)) || got == key || !strings.Contains(got, key) {
			t.Errorf("%q is not beside %q", got, key)
		}
	}
}
