package snapshot

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// play plays cuts, trims, restarts, bursts and all that a snapshot can do wrong, in
// random order, and then calm.
func (w *world) play() {
	w.dial()
	w.stream.Start()
	for range 60 {
		switch w.IntN(8) {
		case 0, 1:
			w.publish()
		case 2:
			for range 1 + w.IntN(20) {
				w.publish()
			}
		case 3:
			w.cut()
		case 4:
			if w.greets && w.chance(50) {
				w.log.trimmed = max(w.log.trimmed, w.log.top()-w.IntN(30))
			}
		case 5:
			if w.greets && w.chance(20) {
				w.log.restart(w.IntN(1000))
				w.cut()
			}
		case 6:
			if w.chance(20) {
				w.stream.Request()
			}
			if w.chance(20) {
				w.stream.Hurry()
			}
		case 7:
			if w.chance(10) {
				w.pass(12 * time.Second)
			}
		}
		w.check()
		w.pass(w.ms(400))
	}
	w.calm = true
	w.publish()
	w.pass(2 * time.Minute)
	w.publish()
	w.pass(5 * time.Second)
	if !w.live() {
		w.fault("not live after two quiet minutes: %s", w.stream.Failure())
	}
	w.check()
}

// No wrong total is ever shown as live. SNAPSHOT_RUNS changes how many seeds are
// tried.
func TestNoWrongTotalIsShownAsLive(t *testing.T) {
	runs := 1000
	if text := os.Getenv("SNAPSHOT_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("SNAPSHOT_RUNS: %v", err)
		}
		runs = n
	}
	for spelling := range spellings {
		t.Run(spelling, func(t *testing.T) {
			t.Parallel()
			lives, failures, resumes, gaps := 0, 0, 0, 0
			reasons := map[string]int{}
			for seed := range uint64(runs) {
				w := newWorld(seed, spelling)
				w.play()
				if w.wrong != nil {
					t.Fatalf("seed %d, after %v: %v", seed, w.now, w.wrong)
				}
				lives, failures, resumes, gaps = lives+w.lives, failures+w.failures, resumes+w.resumes, gaps+w.gaps
				for reason := range w.reasons {
					reasons[reason]++
				}
			}
			// The runs must have had in them what they are for.
			wanted := []string{Start, Overflow, Request}
			if spelling == "ours" {
				wanted = append(wanted, "epoch", "trimmed")
			}
			for _, reason := range wanted {
				if reasons[reason] == 0 {
					t.Errorf("no snapshot because of %s", reason)
				}
			}
			if lives < runs || failures < runs/2 || resumes < runs/10 || spelling == "ours" && gaps < runs/10 {
				t.Errorf("too quiet: %d moments live, %d failures, %d times back, %d gaps", lives, failures, resumes, gaps)
			}
		})
	}
}
