package feed

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func block(i int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf("10.0.%d.%d/32", i/256, i%256))
}

func enterAll(g *gate, n int, b netip.Prefix, now time.Time) (entered int) {
	for range n {
		if g.enter(b, now) {
			entered++
		}
	}
	return entered
}

func TestGateOfOneAddress(t *testing.T) {
	g := newGate(100, noon)
	if n := enterAll(g, 500, block(1), noon); n != 100 {
		t.Errorf("a burst of %d", n)
	}
	for i := 1; i <= 3; i++ { // one address alone gets the whole rate
		if n := enterAll(g, 500, block(1), noon.Add(time.Duration(i)*time.Second)); n != 100 {
			t.Errorf("second %d: %d", i, n)
		}
	}
	if n := enterAll(g, 500, block(1), noon.Add(time.Hour)); n != 100 {
		t.Errorf("after a pause: %d", n)
	}
}

func TestGateKeepsAShareForOthers(t *testing.T) {
	g := newGate(100, noon)
	enterAll(g, 500, block(1), noon)
	got := 0
	for i := range 40 {
		got += enterAll(g, 1, block(2+i), noon)
	}
	if got != 40 {
		t.Errorf("%d of 40 newcomers came in beside a busy address", got)
	}
	if n := enterAll(g, 100, block(1), noon.Add(100*time.Millisecond)); n != 0 {
		t.Errorf("the busy address came in %d times before the others were made up for", n)
	}
	for i := range 200 {
		got += enterAll(g, 1, block(50+i), noon)
	}
	if got > 151 {
		t.Errorf("%d came in, half as many again as the burst is the most", got)
	}
	// Two busy addresses share what there is.
	now := noon.Add(time.Minute)
	a, b := 0, 0
	for range 300 {
		a += enterAll(g, 5, block(1), now)
		b += enterAll(g, 1, block(2), now)
		now = now.Add(10 * time.Millisecond)
	}
	if b < 100 || a+b > 100+300+50 {
		t.Errorf("%d and %d in 3 s", a, b)
	}
}

func TestGateWithoutALimit(t *testing.T) {
	if n := enterAll(newGate(-1, noon), 10_000, block(1), noon); n != 10_000 {
		t.Errorf("%d", n)
	}
	if n := enterAll(newGate(0.5, noon), 10, block(1), noon); n != 1 {
		t.Errorf("%d at half a client a second", n)
	}
}

// The time over which those are spread who come back counts them, second by second.
func TestWindowOfThoseWhoComeBack(t *testing.T) {
	e := &elsewhere{}
	for i, step := range []struct {
		after time.Duration
		rate  float64
		want  time.Duration
	}{
		{0, 1, time.Second},
		{999 * time.Millisecond, 1, 2 * time.Second},
		{999 * time.Millisecond, 1, 3 * time.Second},
		{time.Second, 1, 3 * time.Second}, // the first of its second, after three
		{1999 * time.Millisecond, 1, 3 * time.Second},
		{2 * time.Second, 2, 1500 * time.Millisecond}, // after two
		{4 * time.Second, 1, time.Second},
		{4 * time.Second, 1, 2 * time.Second},
		{6*time.Second - 1, 1, 2 * time.Second},
		{6*time.Second - 1, 0, time.Second},
		{6*time.Second - 1, -1, time.Second},
		{6*time.Second - 1, 0.001, maxSpread},
	} {
		if got := e.window(noon.Add(step.after), step.rate); got != step.want {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
}

// Who comes back to a process that drains is sent on soon, unless all do.
func TestElsewhere(t *testing.T) {
	longest := func(e *elsewhere, n int, now time.Time) (longest time.Duration) {
		for range n {
			longest = max(longest, e.wait(now, 500))
		}
		return longest
	}
	e := &elsewhere{}
	if d := longest(e, 20, noon); d > 1100*time.Millisecond {
		t.Errorf("few come back: %v", d)
	}
	if d := longest(e, 20_000, noon.Add(time.Second)); d < 10*time.Second || d > 41*time.Second {
		t.Errorf("very many come back: %v", d)
	}
	if d := longest(e, 20, noon.Add(2*time.Second)); d < 10*time.Second {
		t.Errorf("a second after many came back: %v", d)
	}
	if d := longest(e, 20, noon.Add(time.Minute)); d > 1100*time.Millisecond {
		t.Errorf("a minute later: %v", d)
	}
	if d := longest(&elsewhere{}, 1_000_000, noon); d > maxSpread {
		t.Errorf("%v", d)
	}
	if d := (&elsewhere{}).wait(noon, -1); d > shortestReturn {
		t.Errorf("without a limit: %v", d)
	}
}
