package snapshot

import (
	"fmt"
	"time"
)

const (
	firstLimit   = 10 * time.Second // that the first call may take; each further one twice as long
	longestLimit = 60 * time.Second
	minDelay     = time.Second // the bound of the first wait after a failure; it doubles
	maxDelay     = 30 * time.Second
	leastPause   = time.Second // calls begin at least so far apart
	patience     = time.Second // for how long the feed may be before the position of the snapshot
)

type phase int

const (
	given phase = iota // the program has what it needs
	waiting
	loading
	fitting // it is there, but not yet all events after it
)

const never = time.Duration(1<<63 - 1)

// Stream gives a snapshot of the state, and then exactly the events after it. While
// a snapshot is loaded, events are held. It fits when all events after its position
// are there. If they are not, the feed goes back to that position; a position that
// the server does not know is refused, never guessed.
type Stream[E any] struct {
	host   Host[E]
	limits Limits
	clock  func() time.Duration
	random func() float64 // in [0, 1)

	phase   phase
	reason  string // why the snapshot is loaded
	wanted  bool   // the program lacks a snapshot
	attempt int    // failures in a row
	failure string // why the last call failed
	number  int    // of the last call
	begun   time.Duration
	due     time.Duration

	loaded  *Snapshot
	shown   bool // the program has got it before it fits
	asked   bool // the server was asked for the feed's position, which is before the snapshot's
	resumed bool // the feed was told to go on after the snapshot's position

	position string // of the feed; "" when it is not known
	from     string // all events after this position are held, or have been; "" when it is not known
	held     []Item[E]
	bytes    int
	overflow bool // too much came: events are not held, since the feed can bring them again

	live    bool
	greeted bool
}

// New returns a stream of a feed that starts after a position, "" for none.
func New[E any](host Host[E], after string, clock func() time.Duration, random func() float64, limits Limits) *Stream[E] {
	return &Stream[E]{
		host: host, limits: limits, clock: clock, random: random, reason: Start, wanted: after == "",
		begun: -leastPause, due: never, position: after, from: after,
	}
}

// Pending reports whether the program lacks a snapshot, or events that belong to it.
func (s *Stream[E]) Pending() bool { return s.wanted }

// Attempt is how many calls failed in a row, and Failure why the last one did.
func (s *Stream[E]) Attempt() int    { return s.attempt }
func (s *Stream[E]) Failure() string { return s.failure }

// RetryAt is when the next call is made; ok is false when none is planned.
func (s *Stream[E]) RetryAt() (at time.Duration, ok bool) { return s.due, s.phase == waiting }

// Deadline is when to call Tick; ok is false for never.
func (s *Stream[E]) Deadline() (at time.Duration, ok bool) { return s.due, s.due != never }

// Start begins: it asks for a snapshot if there is no position to start from.
func (s *Stream[E]) Start() {
	if s.wanted {
		s.begin(s.reason)
	}
}

// Request asks for another snapshot.
func (s *Stream[E]) Request() {
	if s.phase == given || s.shown {
		s.begin(Request)
	} else {
		s.Hurry()
	}
}

// Hurry says that somebody does not want to wait for the next call.
func (s *Stream[E]) Hurry() {
	if s.phase != waiting {
		return
	}
	s.due = min(s.due, max(s.clock(), s.begun+leastPause))
	s.Tick()
}

// Greeted says that the server has said hello: its ids have an order.
func (s *Stream[E]) Greeted() { s.greeted = true }

// Status tells whether the feed is connected and has caught up.
func (s *Stream[E]) Status(live bool) {
	s.live = live
	if s.phase == fitting {
		s.due = never
		s.fit()
	}
}

// Event takes the next event of the feed.
func (s *Stream[E]) Event(item Item[E]) {
	if item.ID != "" {
		s.position = item.ID
	}
	if s.resumed { // it came over the connection that goes on after the snapshot
		s.accept(0)
	}
	if !s.wanted {
		s.host.Deliver([]Item[E]{item}, false)
		return
	}
	s.hold(item)
	s.fit()
}

// PassesOver reports whether events of now are of no use: the feed goes back to a
// position before the program gets any.
func (s *Stream[E]) PassesOver() bool { return s.wanted && !s.resumed }

// Newest says that an event comes which the server has chosen as the newest of its
// topic, and tells whether to deliver it. It moves no position.
func (s *Stream[E]) Newest() (deliver bool) {
	if s.PassesOver() {
		return false
	}
	if s.resumed {
		s.accept(0)
	}
	return true
}

// Moved says that the feed has moved to a position without an event.
func (s *Stream[E]) Moved(position string) {
	s.position = position
	if !s.wanted {
		return
	}
	if !s.holding() || s.from == "" && len(s.held) == 0 {
		s.from = position
	}
	s.fit()
}

// Gap says that events are lost. It is false when this answers a position that does
// not fit: then the feed itself has no gap.
func (s *Stream[E]) Gap(reason string) bool {
	s.position = ""
	if s.resumed {
		if at := s.loaded.At; reason == "trimmed" {
			s.fail(fmt.Sprintf("its position %q is older than the server's log; hand out newer states, or keep a longer log", at), nil)
		} else {
			s.fail(fmt.Sprintf("the server cannot go on after its position %q (%s); At must be a position of this feed, read before the state", at, reason), nil)
		}
		return false
	}
	s.forget()
	s.wanted, s.reason = true, reason
	if s.phase != waiting {
		s.begin(reason)
	}
	return true
}

// Loaded is the answer to a call.
func (s *Stream[E]) Loaded(number int, at string, data any) {
	if number != s.number || s.phase != loading {
		return
	}
	if at == "" {
		s.fail("it came without a position; set At to the position that the server read before the state", nil)
		return
	}
	s.loaded = &Snapshot{At: at, Data: data, Reason: s.reason}
	s.phase, s.due = fitting, never
	s.fit()
	if s.phase == fitting && !s.live && !s.resumed {
		s.show() // old data is better than none while there is no connection
	}
}

// Failed is the answer to a call that failed.
func (s *Stream[E]) Failed(number int, err error) {
	if number == s.number && s.phase == loading {
		s.fail(err.Error(), err)
	}
}

// Tick says that time may have come.
func (s *Stream[E]) Tick() {
	if s.clock() < s.due {
		return
	}
	switch s.phase {
	case waiting:
		s.load()
	case loading:
		s.fail(fmt.Sprintf("it did not come within %v; the next call gets more time", s.limit()), nil)
	case fitting:
		s.resume()
	}
}

// limit is how long a call may take.
func (s *Stream[E]) limit() time.Duration { return doubled(firstLimit, s.attempt, longestLimit) }

// doubled doubles a time so often, up to a most.
func doubled(d time.Duration, times int, most time.Duration) time.Duration {
	return min(d<<min(times, 10), most)
}

// forget drops what was held: all events after the feed's position will be.
func (s *Stream[E]) forget() {
	s.from, s.held, s.bytes, s.overflow = s.position, nil, 0, false
	s.loaded, s.shown, s.asked, s.resumed = nil, false, false, false
}

func (s *Stream[E]) begin(reason string) {
	s.host.Abort()
	s.forget()
	s.reason, s.wanted = reason, true
	if earliest := s.begun + leastPause; earliest > s.clock() {
		s.phase, s.due = waiting, earliest
		return
	}
	s.load()
}

func (s *Stream[E]) load() {
	s.phase, s.begun = loading, s.clock()
	s.due = s.begun + s.limit()
	s.number++
	s.host.Load(s.number, s.reason)
}

func (s *Stream[E]) fail(message string, err error) {
	s.host.Abort()
	s.forget()
	bound := doubled(minDelay, s.attempt, maxDelay)
	wait := max(leastPause, bound/2+time.Duration(s.random()*float64(bound/2))).Round(time.Millisecond)
	s.attempt++
	s.failure, s.phase, s.due = message, waiting, s.clock()+wait
	s.host.SnapshotFailed(Failure{Message: message, Err: err, Attempt: s.attempt, Wait: wait})
}
