package sim

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Summary of many days.
type Summary struct {
	Stats
	Days   int
	Took   time.Duration
	Failed *Case // that of the smallest seed which failed
}

func (s Summary) String() string {
	return fmt.Sprintf("%d days, %.1f years, in %v: %d inputs, %d dials, %d losses, %d events, %d gaps, %d hand-overs, %d snapshots, %d returns to one",
		s.Days, s.Lived.Hours()/24/365, s.Took.Round(ms), s.Inputs, s.Dials, s.Losses, s.Events, s.Gaps, s.HandOvers, s.Snapshots, s.Returns)
}

// Run lives through the days of n seeds on all processors, until one goes wrong.
func Run(first uint64, n int) Summary {
	began := time.Now()
	var (
		next   atomic.Int64
		mu     sync.Mutex
		total  Summary
		failed uint64
		wg     sync.WaitGroup
	)
	stop := func(seed uint64) bool {
		mu.Lock()
		defer mu.Unlock()
		return failed != 0 && seed > failed
	}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := next.Add(1) - 1
				seed := first + uint64(i)
				if i >= int64(n) || stop(seed) {
					return
				}
				day := Generate(seed)
				r := day.Run()
				mu.Lock()
				total.add(r.Stats)
				if r.Violation != nil && (failed == 0 || seed < failed) {
					failed, total.Failed = seed, &day
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	total.Took = time.Since(began)
	return total
}

func (s *Summary) add(more Stats) {
	s.Days++
	s.Inputs += more.Inputs
	s.Dials += more.Dials
	s.Losses += more.Losses
	s.Events += more.Events
	s.Gaps += more.Gaps
	s.HandOvers += more.HandOvers
	s.Snapshots += more.Snapshots
	s.Returns += more.Returns
	s.Lived += more.Lived
}

// Tell makes a case that fails as small as it goes, and tells it.
func Tell(c Case) string {
	small := Shrink(c)
	r := small.Replay()
	var b strings.Builder
	fmt.Fprintf(&b, "BROKEN: %s\n\n%s\n%s\n", r.Violation.Rule, small, "What the session did:")
	for _, line := range r.Trace {
		b.WriteString(line + "\n")
	}
	return b.String()
}
