package sim

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestDays lives through as many seeded days as SIM_SEEDS says; a share of what
// CI does by default.
func TestDays(t *testing.T) {
	seeds := 1000
	if text := os.Getenv("SIM_SEEDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("SIM_SEEDS: %v", err)
		}
		seeds = n
	}
	s := Run(1, seeds)
	t.Log(s)
	if s.Failed != nil {
		t.Fatal(Tell(*s.Failed))
	}
	// Days on which nothing happens would prove nothing.
	if s.Dials < 5*s.Days || s.Losses < s.Days || s.Gaps < s.Days/2 || s.Events < 100*s.Days || s.HandOvers < s.Days/4 {
		t.Errorf("the days are too quiet: %v", s)
	}
}

func TestADayRepeatsItself(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		one, two := Generate(seed).Replay(), Generate(seed).Replay()
		if one.Stats != two.Stats || strings.Join(one.Trace, "\n") != strings.Join(two.Trace, "\n") {
			t.Fatalf("seed %d went differently the second time", seed)
		}
	}
}

// TestEverythingHappens makes sure that no kind of trouble is left out.
func TestEverythingHappens(t *testing.T) {
	happened := make([]int, len(happenings))
	for seed := range uint64(500) {
		for _, s := range Generate(seed).Steps {
			happened[s.Kind]++
		}
	}
	for kind, n := range happened {
		if n == 0 && happenings[kind].weight > 0 {
			t.Errorf("never in 500 days: %s", Step{Kind: Kind(kind)})
		}
	}
}

func TestShrinkTellsAShortStory(t *testing.T) {
	c := Generate(7)
	c.Steps = append(c.Steps, Step{Kind: cut}, Step{Kind: poison})
	small := Shrink(c)
	if n := len(small.Steps); n != 1 || small.Steps[0].Kind != poison {
		t.Errorf("%d steps are left, want the one that matters:\n%s", n, small)
	}
	story := Tell(c)
	for _, part := range []string{"BROKEN: " + ruleLegal, "seed 7", "the page does what it must not"} {
		if !strings.Contains(story, part) {
			t.Errorf("the story lacks %q:\n%s", part, story)
		}
	}
}

// poison breaks a rule; no generated day holds it.
const poison = forbidden + 1

func init() {
	happenings = append(happenings, happening{
		tell: says("the page does what it must not"),
		do:   func(w *World, _ Step) { w.tabs[0].judge.violated(ruleLegal, "poison") },
	})
}
