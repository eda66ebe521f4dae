package sim

import "time"

// random is splitmix64: small, and the same on every machine and Go version.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float is in [0, 1).
func (r *random) float() float64 { return float64(r.next()>>11) / (1 << 53) }

func (r *random) intn(n int) int { return int(r.next() % uint64(n)) }

func (r *random) percent(p int) bool { return r.intn(100) < p }

// upto is in [0, d].
func (r *random) upto(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(r.next() % uint64(d+1))
}

// between doubles a random number of times, so that short and long are equally
// likely, and ends in whole milliseconds, which read better in a story.
func (r *random) between(low, high time.Duration) time.Duration {
	doublings := 0
	for low<<(doublings+1) <= high {
		doublings++
	}
	d := low << r.intn(doublings+1)
	return min(d+r.upto(d), high).Round(time.Millisecond)
}

func pick[T any](r *random, from ...T) T { return from[r.intn(len(from))] }
