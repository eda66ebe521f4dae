package wire

import (
	"testing"
	"time"
)

func TestPrevious(t *testing.T) {
	for _, w := range []Previous{
		{CauseReset, 0, 0},
		{CauseSleep, 90 * time.Second, 10 * time.Hour},
		{CauseOther, time.Millisecond, 1<<40*time.Millisecond - time.Millisecond},
	} {
		got, ok := ParsePrevious(w.String())
		if !ok || got != w {
			t.Errorf("%q reads as %+v, %v; want %+v", w, got, ok, w)
		}
	}
	if got := (Previous{CauseWake, 1999 * time.Microsecond, time.Second}).String(); got != "wake,1,1000" {
		t.Errorf("got %q, want whole milliseconds", got)
	}
}

func FuzzParsePrevious(f *testing.F) {
	for _, text := range []string{"reset,5,7", "sleep,0,36000000", "x,1,1", ",,", "reset,1,2,3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, ok := ParsePrevious(text)
		if !ok {
			if w != (Previous{}) {
				t.Fatalf("%q is refused and reads as %+v", text, w)
			}
			return
		}
		known := false
		for _, cause := range Causes {
			known = known || cause == w.Cause
		}
		if !known || w.Up < 0 || w.Down < 0 {
			t.Fatalf("%q reads as %+v", text, w)
		}
		if again, ok := ParsePrevious(w.String()); !ok || again != w {
			t.Fatalf("%q reads as %+v, written and read again as %+v", text, w, again)
		}
	})
}
