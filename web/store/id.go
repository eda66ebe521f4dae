package store

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
)

// MaxID is the longest text of an id in bytes.
const MaxID = 128

// ID is a place in a log: that of an event, or the end of an empty log. Ids of one
// epoch are ordered by Major, then Minor; ids of two epochs have no order. Most
// logs count in Major alone; Redis has milliseconds there and a sequence in Minor.
type ID struct {
	Epoch        string // names one life of the log: 1 to 32 of a-z 0-9
	Major, Minor uint64
}

// String is the id as clients see it: "<epoch>-<major>", and "-<minor>" unless
// that is 0.
func (id ID) String() string { return string(id.Append(nil)) }

// Append appends the id's text to b.
func (id ID) Append(b []byte) []byte {
	b = append(b, id.Epoch...)
	b = append(b, '-')
	b = strconv.AppendUint(b, id.Major, 10)
	if id.Minor != 0 {
		b = append(b, '-')
		b = strconv.AppendUint(b, id.Minor, 10)
	}
	return b
}

// IsZero reports whether the id names no place at all.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders two ids of one epoch.
func (id ID) Compare(other ID) int {
	return cmp.Or(cmp.Compare(id.Major, other.Major), cmp.Compare(id.Minor, other.Minor))
}

// ParseID reads the text of an id. Only the one spelling that String gives is
// accepted, so that a text and its id stand for each other.
func ParseID(text string) (id ID, ok bool) {
	if len(text) > MaxID {
		return ID{}, false
	}
	epoch, rest, found := strings.Cut(text, "-")
	if !found || !validEpoch(epoch) {
		return ID{}, false
	}
	major, minor, two := strings.Cut(rest, "-")
	id.Epoch = epoch
	if id.Major, ok = parseCount(major); !ok {
		return ID{}, false
	}
	if two {
		if id.Minor, ok = parseCount(minor); !ok || id.Minor == 0 {
			return ID{}, false
		}
	}
	return id, true
}

// NewEpoch returns a random epoch: 12 hex digits, enough that two lives of a log
// do not share one.
func NewEpoch() string {
	var b [6]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func validEpoch(epoch string) bool {
	if epoch == "" || len(epoch) > 32 {
		return false
	}
	for i := range len(epoch) {
		if c := epoch[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func parseCount(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, false
	}
	return n, true
}
