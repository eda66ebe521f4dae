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

func TestParsePrevious(t *testing.T) {
	for text, want := range map[string]Previous{
		"reset,5,7":          {CauseReset, 5 * time.Millisecond, 7 * time.Millisecond},
		"meteorite,1,2":      {CauseOther, time.Millisecond, 2 * time.Millisecond},
		",1,2":               {CauseOther, time.Millisecond, 2 * time.Millisecond},
		"reset,0,1099511627": {CauseReset, 0, 1099511627 * time.Millisecond},
	} {
		if got, ok := ParsePrevious(text); !ok || got != want {
			t.Errorf("ParsePrevious(%q) is %+v, %v; want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "reset", "reset,1", "reset,1,2,3", "reset,-1,2", "reset,1,-2", "reset,1.5,2", "reset,a,b",
		"reset,1099511627776,1", "reset, 1,2", "reset,99999999999999999999,1"} {
		if got, ok := ParsePrevious(text); ok || got != (Previous{}) {
			t.Errorf("ParsePrevious(%q) is %+v, %v; want nothing", text, got, ok)
		}
	}
}

func TestCausesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, cause := range Causes {
		if seen[cause] || cause == "" {
			t.Errorf("cause %q is there twice or empty", cause)
		}
		seen[cause] = true
	}
	if !seen[CauseOther] {
		t.Error("there is no cause for the rest")
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
