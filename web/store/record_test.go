package store

import (
	"strings"
	"testing"
)

func TestCheckRecord(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
		says string
	}{
		{"feed-1", 0, ""},
		{"feed-1", MaxRecord, ""},
		{"feed-1", MaxRecord + 1, "65537 bytes; 65536 are allowed"},
		{"", 1, "the name of a record"},
		{"a\x00", 1, "the name of a record"},
	} {
		err := CheckRecord(test.name, make([]byte, test.size))
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q with %d bytes: %v", test.name, test.size, err)
		}
	}
}
