package session

import (
	"testing"
	"time"
)

func TestLimitsGrowWhileTheyKeepEndingThings(t *testing.T) {
	const base = 5 * time.Second
	for _, c := range []struct {
		name  string
		limit func(n int) time.Duration // after so many failures in a row
		want  []time.Duration           // in seconds
	}{
		{"address", func(n int) time.Duration { return (&limits{addresses: n}).address() }, []time.Duration{10, 20, 40, 80, 160, 160}},
		{"first frame", func(n int) time.Duration { return (&limits{firstFrames: n}).firstFrame(base) }, []time.Duration{5, 10, 20, 20}},
		{"challenge", func(n int) time.Duration { return (&limits{takeovers: n}).challenge(time.Second, base) }, []time.Duration{1, 1, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 2560}},
		{"challenge, after a long grace", func(n int) time.Duration { return (&limits{takeovers: n}).challenge(6*time.Second, base) }, []time.Duration{6, 6, 12}},
		{"silence", func(n int) time.Duration { return (&limits{silences: n}).silence(base) }, []time.Duration{20, 40, 80, 160, 320, 640, 640}},
		{"silence, where one of 50 s ended well", func(n int) time.Duration { return (&limits{silences: n, longest: 50 * time.Second}).silence(base) }, []time.Duration{100, 100, 100, 160, 320}},
		{"silence, where one of an hour ended well", func(n int) time.Duration { return (&limits{silences: n, longest: time.Hour}).silence(base) }, []time.Duration{640, 640}},
		{"handshake", func(n int) time.Duration {
			w := newWorld(t, nil)
			w.s.limits.handshakes = n
			return w.s.handshakeLimit()
		}, []time.Duration{2, 5, 10, 20, 40}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for n, want := range c.want {
				if got := c.limit(n); got != want*time.Second {
					t.Errorf("after %d failures %v, want %v", n, got, want*time.Second)
				}
			}
		})
	}
}
