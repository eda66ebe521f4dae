package sim

import "time"

// Config is the world of a case.
type Config struct {
	Seed uint64 // of the weather and of the session's jitter

	// The path.
	RTT       time.Duration
	Jitter    time.Duration // at most, each way
	Handshake int           // round trips until a socket is open
	Serial    bool          // one handshake at a time, as browsers do for one address
	NATIdle   time.Duration // a quiet connection is forgotten; 0: never

	// The server.
	Plain     bool          // knows neither hello, gap nor position
	Count     bool          // and its ids are numbers from 1, in each epoch anew
	Same      bool          // and what event n says is the same in each epoch
	Resume    int           // and this is what it does about ?after
	Retain    int           // events that the log keeps
	Batch     int           // events a frame, for a client that lags
	Frame     time.Duration // that a frame takes on the wire
	Heartbeat time.Duration // heartbeat asked for in hello, 0: none
	Spread    time.Duration // window asked for in hello
	Every     time.Duration // between events
	Repeat    int           // percent of frames that are sent twice

	// The browser.
	Tabs        int
	Topics      int           // the page wants every n-th event; 1: all
	URLDelay    time.Duration // of the url function, 0: a string
	Persist     bool          // the cursor survives a reload
	Throttle    bool          // timers of a page that is long hidden fire once a minute
	MonoSleeps  bool          // the monotonic clock stands still in a sleep
	FreezeKills bool          // sockets of a frozen page are closed, as Chromium does
	Engine      time.Duration // the page has one at the latest so long after it was loaded; 0: from the start
	Stale       bool          // frames and close events of abandoned sockets still come
	Snapshots   bool          // the page shows a state, which begins with a snapshot
}

const (
	second = time.Second
	ms     = time.Millisecond
)

// counter reports whether ids are bare numbers.
func (c *Config) counter() bool { return c.Plain && c.Count }

func config(seed uint64) Config {
	r := &random{seed}
	return Config{
		Seed:        seed,
		RTT:         pick(r, 1*ms, 20*ms, 20*ms, 60*ms, 100*ms, 300*ms, 2*second),
		Jitter:      pick(r, 0, 0, 5*ms, 20*ms, 200*ms),
		Handshake:   pick(r, 2, 3, 4),
		Serial:      r.percent(80),
		NATIdle:     pick(r, 0, 0, 0, 0, 30*second, 90*second),
		Plain:       r.percent(20),
		Count:       r.percent(70),
		Same:        r.percent(30),
		Resume:      pick(r, exact, exact, replays, ignores),
		Retain:      pick(r, 5, 50, 500, 4096),
		Batch:       pick(r, 1, 7, 64),
		Frame:       pick(r, 0, 0, 0, 2*ms, 100*ms),
		Heartbeat:   pick(r, 0, 25*second, 25*second, 3*second, 10*second),
		Spread:      pick(r, 0, 0, 10*ms, second, 20*second),
		Every:       pick(r, 200*ms, second, 7*second, time.Minute, time.Hour),
		Repeat:      pick(r, 0, 0, 0, 5),
		Tabs:        pick(r, 1, 1, 1, 1, 1, 2),
		Topics:      pick(r, 1, 1, 1, 3, 40),
		URLDelay:    pick(r, 0, 0, 50*ms, 3*second),
		Persist:     r.percent(70),
		Throttle:    r.percent(50),
		MonoSleeps:  r.percent(70),
		FreezeKills: r.percent(70),
		Stale:       r.percent(50),
		Engine:      pick(r, 0, 0, 0, second, 10*second, 2*time.Minute, time.Hour),
		Snapshots:   r.percent(30),
	}
}
