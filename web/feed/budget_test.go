package feed

import "testing"

// What fits exactly is within the budget, and everything that was counted is given back.
func TestBudgetCounts(t *testing.T) {
	b := newBudget(100)
	if !b.take(60) || !b.take(40) || b.exceeded() {
		t.Errorf("%d of 100 are taken", b.used.Load())
	}
	if b.take(1) || b.used.Load() != 100 {
		t.Errorf("%d of 100 are taken, and one more was", b.used.Load())
	}
	if b.give(10); !b.claim(10) || b.exceeded() || b.claim(1) || !b.exceeded() || b.used.Load() != 101 {
		t.Errorf("%d of 100 are claimed", b.used.Load())
	}
	b.give(101)
	e := &entry{topic: "t", frame: make([]byte, 100-len("t"))}
	exact := newBudget(e.size())
	for range 3 { // as many clients that get it
		if !exact.hold(e) || exact.used.Load() != int64(e.size()) {
			t.Errorf("%d bytes are held", exact.used.Load())
		}
	}
	if other := (&entry{topic: "t", frame: []byte("{}")}); exact.hold(other) || len(exact.held) != 2 {
		t.Error("more than fits is within the budget")
	} else {
		exact.release(other)
	}
	for n := range 3 {
		if exact.used.Load() != int64(e.size()) {
			t.Errorf("%d bytes are held for %d clients", exact.used.Load(), 3-n)
		}
		exact.release(e)
	}
	if exact.used.Load() != 0 || len(exact.held) != 0 || b.used.Load() != 0 {
		t.Errorf("%d bytes and %d events are held for nobody", exact.used.Load(), len(exact.held))
	}
}
