package sim

import (
	"slices"
	"time"
)

// Shrink makes a failing case as small as it can while it breaks the same rule:
// fewer steps, shorter times, a simpler world.
func Shrink(c Case) Case {
	broken := c.Run().Violation
	if broken == nil {
		return c
	}
	tries := 2000
	fails := func(c Case) bool {
		tries--
		v := c.Run().Violation
		return tries > 0 && v != nil && v.Rule == broken.Rule
	}
	for before := -1; before != tries && tries > 0; {
		c, before = pass(c, fails), tries
		if len(c.Steps) == 0 {
			break
		}
		if again := pass(c, fails); again.String() == c.String() {
			return again
		} else {
			c = again
		}
	}
	return c
}

// pass tries every way to make the case smaller once.
func pass(c Case, fails func(Case) bool) Case {
	for size := len(c.Steps); size > 0; size /= 2 {
		for at := 0; at+size <= len(c.Steps); {
			less := c
			less.Steps = slices.Delete(slices.Clone(c.Steps), at, at+size)
			if fails(less) {
				c = less
			} else {
				at += size
			}
		}
	}
	for i := range c.Steps {
		for _, simpler := range shorter(c.Steps[i]) {
			less := c
			less.Steps = slices.Clone(c.Steps)
			less.Steps[i] = simpler
			if simpler != c.Steps[i] && fails(less) {
				c = less
			}
		}
	}
	for _, simplify := range simpler {
		less := c
		simplify(&less.Config)
		if less.Config != c.Config && fails(less) {
			c = less
		}
	}
	return c
}

// shorter are ways to make a step smaller, the boldest first.
func shorter(s Step) (all []Step) {
	for _, d := range []time.Duration{0, 100 * ms, second, 10 * second, time.Minute, s.After.Round(second)} {
		if d < s.After || d != s.After && d == s.After.Round(second) {
			t := s
			t.After = d
			all = append(all, t)
		}
	}
	for _, d := range []time.Duration{second, 10 * second, time.Minute, s.For.Round(second)} {
		if s.For > 0 && d > 0 && d < s.For {
			t := s
			t.For = d
			all = append(all, t)
		}
	}
	for _, n := range []int{0, 1, 2, s.N % 10} {
		if n < s.N {
			t := s
			t.N = n
			all = append(all, t)
		}
	}
	return all
}

var simpler = []func(*Config){
	func(c *Config) {
		if c.Tabs == 2 {
			c.Tabs = 1
		}
	},
	func(c *Config) { c.Jitter = 0 },
	func(c *Config) { c.RTT = 20 * ms },
	func(c *Config) { c.Handshake = 2 },
	func(c *Config) { c.Serial = true },
	func(c *Config) { c.NATIdle = 0 },
	func(c *Config) { c.Plain = false },
	func(c *Config) { c.Retain = 4096 },
	func(c *Config) { c.Batch = 64 },
	func(c *Config) { c.Frame = 0 },
	func(c *Config) { c.Heartbeat = 0 },
	func(c *Config) { c.Spread = 0 },
	func(c *Config) { c.Every = time.Hour },
	func(c *Config) { c.Every = time.Minute },
	func(c *Config) { c.Repeat = 0 },
	func(c *Config) { c.Topics = 1 },
	func(c *Config) { c.URLDelay = 0 },
	func(c *Config) { c.Persist = false },
	func(c *Config) { c.Throttle = false },
	func(c *Config) { c.MonoSleeps = true },
	func(c *Config) { c.FreezeKills = false },
	func(c *Config) { c.Stale = false },
	func(c *Config) { c.Engine = 0 },
}
