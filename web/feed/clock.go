package feed

import "time"

// processStart is what durations are counted from. A [time.Time] that the process
// made holds a monotonic reading, so a step of the wall clock changes none of them.
var processStart = time.Now()

// monotonic is a moment as the time since the process started, in ns. It is never
// 0, so that 0 can stand for "no moment".
func monotonic(t time.Time) int64 { return max(1, int64(t.Sub(processStart))) }

func monotonicNow() int64 { return monotonic(time.Now()) }

// elapsed is the time from a moment of [monotonic] until now; 0 for no moment.
func elapsed(since int64, now time.Time) time.Duration {
	if since == 0 {
		return 0
	}
	return time.Duration(monotonic(now) - since)
}
