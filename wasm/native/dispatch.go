package native

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"strconv"
)

// commitEvery is after how many events OnCommit is called at the latest.
const commitEvery = 100

// dispatcher runs the callbacks of one run in its goroutine.
type dispatcher struct {
	*Client
	run         *run
	yield       func(Event, error) bool // instead of OnEvent; nil for none
	broke       bool                    // yield wants no more
	uncommitted int                     // events since the last commit
	committed   string                  // cursor of the last commit
}

// dispatch runs the callbacks until the run ends. When Close or the context ends
// it, no further event is delivered; when it fails, all that waits is. It finishes
// the run, also when a callback panics.
func (c *Client) dispatch(r *run, yield func(Event, error) bool) {
	defer r.finish()
	d := &dispatcher{Client: c, run: r, yield: yield, committed: c.Cursor()}
	r.goroutine.Store(goroutineID())
	defer r.goroutine.Store(0)
	for r.ctx.Err() == nil && !d.broke {
		i, ok := c.queue.pop()
		if ok {
			d.call(i)
			continue
		}
		d.commit()
		if isClosed(r.ended) && c.queue.empty() {
			break // it failed, and everything is delivered
		}
		select {
		case <-c.queue.filled:
		case <-r.ended:
		case <-r.ctx.Done():
		}
	}
	d.commit()
	if d.broke {
		r.cancel(context.Canceled)
	}
	if r.ctx.Err() == nil {
		return
	}
	<-r.ended
	if state := c.State(); c.options.OnState != nil && state.Name == Stopped {
		c.options.OnState(c, state)
	}
}

// call hands one item to its callback.
func (d *dispatcher) call(i item) {
	o := &d.options
	switch {
	case i.event != nil && d.yield != nil:
		d.broke = !d.yield(*i.event, nil)
	case i.event != nil && o.OnEvent != nil:
		o.OnEvent(d.Client, *i.event)
	case i.snapshot != nil:
		o.OnSnapshot(d.Client, *i.snapshot)
	case i.then != nil:
		d.do(i.then)
	case i.state != nil && o.OnState != nil:
		o.OnState(d.Client, *i.state)
	case i.gap != nil && o.OnGap != nil:
		o.OnGap(d.Client, *i.gap)
	case i.gap != nil && d.yield != nil:
		d.broke = !d.yield(Event{}, &GapError{*i.gap})
	case i.err != nil && o.OnError != nil:
		if n := d.queue.lost(); n > 0 {
			o.OnError(d.Client, fmt.Errorf("native: %d errors came while OnError was busy, and are not shown", n))
		}
		o.OnError(d.Client, i.err)
	}
	if d.broke {
		return // the event of a loop that was left is not finished
	}
	d.mu.Lock()
	d.since = cmp.Or(i.newest, d.since)
	if i.moves {
		d.cursor = i.cursor
	}
	d.mu.Unlock()
	if !i.moves {
		return
	}
	if d.uncommitted++; d.uncommitted >= commitEvery {
		d.commit()
	}
}

// commit tells the cursor of what is finished.
func (d *dispatcher) commit() {
	cursor := d.Cursor()
	d.uncommitted = 0
	if d.options.OnCommit == nil || cursor == d.committed {
		return
	}
	d.committed = cursor
	if err := d.options.OnCommit(d.Client, cursor); err != nil && d.options.OnError != nil {
		d.options.OnError(d.Client, fmt.Errorf("native: OnCommit: %w", err))
	}
}

// GapError is a [Gap] in the iteration of Events when Options.OnGap is not set.
type GapError struct{ Gap }

func (e *GapError) Error() string {
	return fmt.Sprintf("native: events after %q are lost (%s); the next is %q", e.After, e.Reason, e.Earliest)
}

// Events connects, and iterates over the events until the client ends; the last
// pair is then the error that Run would return. An event counts as finished, for
// Cursor and OnCommit, when the loop asks for the next one. Gaps come as *GapError,
// and the loop may go on, unless Options.OnGap is set. Leaving the loop ends the
// connection; ranging again resumes after the last finished event.
func (c *Client) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		r, err := c.begin(ctx)
		if err != nil {
			yield(Event{}, err)
			return
		}
		broke := false
		c.dispatch(r, func(e Event, err error) bool {
			broke = !yield(e, err)
			return !broke
		})
		if !broke {
			yield(Event{}, r.err)
		}
	}
}

// goroutineID is the number of the calling goroutine. Only Close and Wait use it, to
// know whether they are called in a callback and would wait for themselves.
func goroutineID() int64 {
	var buf [64]byte
	text := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(text, []byte(" "))
	id, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return -1
	}
	return id
}
