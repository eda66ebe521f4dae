package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// epoch is one life of the server's log. Event n has the id ids[n-1]; those up
// to base can no longer be had by clients, but the judge remembers them.
type epoch struct {
	name    string
	number  int  // of the epoch, from 1 on
	counter bool // the ids are bare numbers, which another epoch repeats
	same    bool // and so are the contents
	ids     []string
	base    int
	long    map[int]time.Duration // events that take long on the wire
}

func (w *World) newEpoch(number int) *epoch {
	return &epoch{name: fmt.Sprintf("e%d", number), number: number, counter: w.cfg.counter(), same: w.cfg.Same, long: map[int]time.Duration{}}
}

func (e *epoch) top() int { return len(e.ids) }

func (e *epoch) publish(n, retain int) {
	for range n {
		e.ids = append(e.ids, e.id(e.top()+1))
	}
	e.trim(e.top() - retain)
}

func (e *epoch) trim(base int) { e.base = max(e.base, min(base, e.top())) }

// id is the text of a position: that of an event, or of the start of the log.
func (e *epoch) id(n int) string {
	if e.counter {
		return strconv.Itoa(n)
	}
	return e.name + "-" + strconv.Itoa(n)
}

// content is a digest of what an event says.
func (e *epoch) content(n int) string {
	if e.same {
		return strconv.Itoa(n)
	}
	return e.name + " says " + strconv.Itoa(n)
}

// parseID reads an id of the feed: its epoch, its number, and a second number
// that some logs have.
func parseID(id string) (name string, major, minor uint64, ok bool) {
	name, rest, found := strings.Cut(id, "-")
	if !found || name == "" {
		return "", 0, 0, false
	}
	first, second, two := strings.Cut(rest, "-")
	major, err := strconv.ParseUint(first, 10, 64)
	if err == nil && two {
		minor, err = strconv.ParseUint(second, 10, 64)
	}
	return name, major, minor, err == nil
}

// start is where a connection begins, by the rules of web/feed/resume.go: exact,
// or a gap after which everything retained is replayed.
type start struct {
	pos     int
	resumed bool
	live    bool
	gap     *session.Gap
}

func (e *epoch) resume(after string) start {
	if after == "" {
		return start{pos: e.top(), live: true}
	}
	name, major, minor, ok := parseID(after)
	switch {
	case !ok:
		return e.gap(after, wire.GapInvalid)
	case name != e.name:
		return e.gap(after, wire.GapEpoch)
	case minor != 0:
		return e.gap(after, wire.GapInvalid)
	case major > uint64(e.top()):
		return e.gap(after, wire.GapFuture)
	case major < uint64(e.base):
		return e.gap(after, wire.GapTrimmed)
	}
	return start{pos: int(major), resumed: true, live: int(major) == e.top()}
}

func (e *epoch) gap(after, reason string) start {
	gap := &session.Gap{After: after, Reason: reason}
	if e.base < e.top() {
		gap.Earliest = e.ids[e.base]
	}
	return start{pos: e.base, live: e.base == e.top(), gap: gap}
}

// What a plain server with a counter does about after.
const (
	exact   = iota // goes on from there; from now on where it has no such id
	replays        // goes on from there; sends all it has where it has no such id
	ignores        // always sends all it has
)

// resumeCounter is where a connection to a plain server with a counter begins.
func (e *epoch) resumeCounter(after string, way int) start {
	n, err := strconv.Atoi(after)
	switch {
	case after == "" && way != ignores:
		return start{pos: e.top()}
	case way == ignores || err == nil && n > e.top() && way == replays:
		return start{pos: e.base}
	case err != nil || n > e.top():
		return start{pos: e.top()}
	}
	return start{pos: max(n, e.base)}
}
