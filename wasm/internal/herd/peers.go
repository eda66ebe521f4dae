package herd

import (
	"math"
	"math/rand/v2"
	"time"
)

const (
	ms     = time.Millisecond
	second = time.Second
	// browserTimeout is Chromium's patience with a handshake, for clients that
	// have none of their own.
	browserTimeout = 240 * second
)

func uniform(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Float64()*float64(high-low))
}

// doubled is base·2ⁿ up to the limit.
func doubled(base, limit time.Duration, n int) time.Duration {
	if n > 30 || base<<n > limit {
		return limit
	}
	return base << n
}

// textbook formulas, from 1 s to 30 s, with the dial timeout of 5 s that ours has.
var textbook = []Way{
	{Name: "the article's", Source: "delay = min(d + U(0, 1 s), 30 s); d = min(2d, 30 s); no dial timeout", make: func(r *rand.Rand, _ time.Duration) client {
		return &formula{timeout: browserTimeout, notices: 10 * second, delay: func(n int) time.Duration {
			return min(doubled(second, 30*second, n)+uniform(r, 0, second), 30*second)
		}}
	}},
	{Name: "plain exponential", Source: "min(1 s·2ⁿ, 30 s)", make: func(*rand.Rand, time.Duration) client {
		return &formula{timeout: 5 * second, notices: 10 * second, delay: func(n int) time.Duration { return doubled(second, 30*second, n) }}
	}},
	{Name: "full jitter", Source: "U(0, min(1 s·2ⁿ, 30 s))", make: func(r *rand.Rand, _ time.Duration) client {
		return &formula{timeout: 5 * second, notices: 10 * second, delay: func(n int) time.Duration {
			return uniform(r, 0, doubled(second, 30*second, n))
		}}
	}},
	{Name: "decorrelated jitter", Source: "min(U(1 s, 3·last), 30 s)", make: func(r *rand.Rand, _ time.Duration) client {
		last := second
		return &formula{timeout: 5 * second, notices: 10 * second, delay: func(n int) time.Duration {
			if n == 0 {
				last = second
			}
			last = min(uniform(r, second, 3*last), 30*second)
			return last
		}}
	}},
}

// peers are the defaults of other libraries, read from their npm packages. What
// they notice of a sleep, and when, was measured in a real Chromium.
var peers = []Way{
	{Name: "reconnecting-websocket", Source: "4.4.0, dist/reconnecting-websocket-cjs.js, DEFAULT and _getNextDelay", make: func(r *rand.Rand, _ time.Duration) client {
		least := uniform(r, second, 5*second) // drawn once a page
		return &formula{timeout: 4 * second, notices: never / 2, delay: func(n int) time.Duration {
			return min(time.Duration(float64(least)*math.Pow(1.3, float64(min(n, 30)))), 10*second)
		}}
	}},
	{Name: "partysocket", Source: "1.3.0, dist/ws.js, DEFAULT and _getNextDelay", make: func(*rand.Rand, time.Duration) client {
		return &formula{timeout: 4 * second, notices: never / 2, delay: func(n int) time.Duration {
			return min(time.Duration(3e9*math.Pow(1.3, float64(min(n, 30)))), 10*second)
		}}
	}},
	{Name: "Socket.IO", Source: "4.8.4, build/esm/contrib/backo2.js and manager.js", make: func(r *rand.Rand, _ time.Duration) client {
		return &formula{timeout: 20 * second, notices: 17 * second, delay: func(n int) time.Duration {
			base, random := doubled(second, time.Hour, n), r.Float64()
			deviation := time.Duration(random * 0.5 * float64(base))
			if int(random*10)&1 == 0 {
				deviation = -deviation
			}
			return min(base+deviation, 5*second)
		}}
	}},
	{Name: "centrifuge", Source: "5.8.0, build/index.js, defaults and backoff", make: func(r *rand.Rand, _ time.Duration) client {
		return &formula{timeout: 5 * second, hears: true, notices: 25 * second, delay: func(n int) time.Duration {
			return min(500*ms+uniform(r, 0, doubled(500*ms, 20*second, n)), 20*second)
		}}
	}},
	{Name: "Phoenix", Source: "1.8.16, assets/js/phoenix/socket.js, reconnectAfterMs", make: func(*rand.Rand, time.Duration) client {
		steps := []time.Duration{10, 50, 100, 150, 200, 250, 500, 1000, 2000}
		return &formula{timeout: browserTimeout, notices: 32 * second, delay: func(n int) time.Duration {
			if n < len(steps) {
				return steps[n] * ms
			}
			return 5 * second
		}}
	}},
	{Name: "Ably", Source: "2.28.0, src/common/lib/util/utils.ts, getRetryTime; defaults.ts; connectionmanager.ts", make: func(r *rand.Rand, _ time.Duration) client {
		return &formula{timeout: 10 * second, hears: true, notices: 10 * second, delay: func(n int) time.Duration {
			if n == 0 {
				return 0 // one retry at once
			}
			return time.Duration(15e9 * min(float64(n+3)/3, 2) * (1 - 0.2*r.Float64()))
		}}
	}},
}
