package session

import (
	"strconv"
	"testing"
)

// Without a digest on one side, an event with the same id counts as the same.
func TestSameEvent(t *testing.T) {
	for _, c := range []struct {
		before, now string
		same        bool
	}{
		{"", "", true}, {"a", "", true}, {"", "a", true}, {"a", "a", true}, {"a", "b", false},
	} {
		if got := (delivery{content: c.before}).same(c.now); got != c.same {
			t.Errorf("%q and %q: %v", c.before, c.now, got)
		}
	}
}

// The newest ids are remembered, and no others.
func TestRecentIDs(t *testing.T) {
	var r recent
	const added = 3*recentSize/2 + 1
	for n := range added {
		r.add(strconv.Itoa(n), delivery{generation: n})
	}
	for n := range added {
		d, known := r.known[strconv.Itoa(n)]
		if known != (n >= added-recentSize) || known && d.generation != n {
			t.Fatalf("%d: %+v, known %v", n, d, known)
		}
	}
	newest := strconv.Itoa(added - 1)
	r.add(newest, delivery{generation: -1})
	if r.known[newest].generation != -1 || len(r.order) != recentSize {
		t.Errorf("an event that came again: %+v, %d ids", r.known[newest], len(r.order))
	}
	if r.forget(); len(r.known) != 0 || len(r.order) != 0 {
		t.Errorf("%d ids are left", len(r.known))
	}
}
