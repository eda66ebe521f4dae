package native

import (
	"context"
	"errors"
	"fmt"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Errors of requests: AddTopics, RemoveTopics and History.
var (
	// ErrUnsupported says that the server does not answer requests. Only wakesocket
	// feeds do.
	ErrUnsupported = errors.New("native: this server does not answer requests: History, and AddOptions, need a wakesocket feed")
	// ErrFollowsAll says that topics cannot be removed from all topics.
	ErrFollowsAll = errors.New("native: the client follows all topics; name those that are wanted with SetTopics")
	// ErrNotRunning says that the client does not run yet, and so cannot ask.
	ErrNotRunning = errors.New("native: the client does not run; call Start, Run or Events first")
)

// maxAsked is how many requests may be on their way: a server bounds what it keeps
// of one client.
const maxAsked = 32

// request is a question to the server. A connection may be lost before its answer,
// so it can be asked again.
type request struct {
	number int64
	frame  any // wire.Add, wire.Remove or wire.HistoryRequest, without its number
	over   *socket
	events []Event         // of a history, so far
	seen   map[string]bool // ids of the earlier events that were handed out: those of an answer that was cut off come again
	done   chan answer     // takes one value
}

func newRequest(frame any) *request {
	return &request{frame: frame, seen: map[string]bool{}, done: make(chan answer, 1)}
}

// answer is a frame that answers a request, or a part of the answer.
type answer struct {
	number   int64
	kind     string // wire.KindFollowed, wire.KindHistory or wire.KindError
	position string
	gap      *session.Gap
	events   []Event
	more     bool
	from     string
	complete bool
	err      error
}

// requests are those of one loop without an answer, in their order.
type requests struct {
	number int64
	open   []*request
}

// asking returns the run in which a request is to be answered.
func (c *Client) asking() (*run, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case !c.run.started:
		return nil, ErrNotRunning
	}
	return c.run, nil
}

// await asks, and waits for all answers. In a callback the queue takes more than it
// should: else the answer could wait behind events, and these for the callback.
func (c *Client) await(ctx context.Context, r *run, asked []*request) (answers []answer, err error) {
	if r.inCallback() {
		c.queue.lift(1)
		defer c.queue.lift(-1)
	}
	c.do(func(l *loop) {
		for _, q := range asked {
			l.requests.number++
			q.number = l.requests.number
			l.requests.open = append(l.requests.open, q)
		}
	})
	for _, q := range asked {
		select {
		case a := <-q.done:
			if a.err != nil {
				return nil, a.err
			}
			answers = append(answers, a)
		case <-r.ended:
			return nil, r.err
		case <-ctx.Done():
			c.do(func(l *loop) { l.withdraw(asked) })
			return nil, context.Cause(ctx)
		}
	}
	return answers, nil
}

// withdraw forgets the questions for history that nobody waits for any more. A change
// of topics has to reach the server all the same.
func (l *loop) withdraw(asked []*request) {
	for _, q := range asked {
		if _, is := q.frame.(wire.HistoryRequest); is {
			l.forget(q)
		}
	}
}

func (l *loop) forget(q *request) {
	for i, open := range l.requests.open {
		if open == q {
			l.requests.open = append(l.requests.open[:i:i], l.requests.open[i+1:]...)
			return
		}
	}
}

// answered takes an answer. An error that answers no request is one of a message.
func (l *loop) answered(from *socket, a *answer) {
	var q *request
	for _, open := range l.requests.open {
		if open.number == a.number && open.over == from {
			q = open
			break
		}
	}
	if q == nil {
		if a.err != nil {
			l.report(a.err)
		}
		return
	}
	_, history := q.frame.(wire.HistoryRequest)
	switch {
	case a.kind == wire.KindHistory && !history:
		l.earlier(q, a.events)
		return
	case a.kind == wire.KindHistory:
		q.events = append(q.events, a.events...)
		if a.more {
			return
		}
		a.events = q.events
	case a.kind == wire.KindFollowed && history:
		return // no answer to this question
	case a.err != nil:
		l.refused(q, a.err)
	}
	if a.gap != nil {
		l.gap(*a.gap)
	}
	l.forget(q)
	q.done <- *a
}

// earlier hands the earlier events of a topic to the program.
func (l *loop) earlier(q *request, events []Event) {
	for _, e := range events {
		if e.ID == "" || !q.seen[e.ID] {
			q.seen[e.ID] = true
			l.event(e)
		}
	}
}

// refused forgets topics that the server does not accept: they must not be asked for
// at each dial.
func (l *loop) refused(q *request, err error) {
	add, is := q.frame.(wire.Add)
	var said *ServerError
	if !is || errors.As(err, &said) && said.Code == wire.ErrorUnavailable {
		return
	}
	l.mu.Lock()
	if version := l.topics.version; !l.topics.all {
		l.topics = l.topics.without(add.Topics)
		l.topics.version = version // the server does not follow them either
	}
	l.mu.Unlock()
	l.latest.changed(add.Topics)
}

// hurry makes the next call of Options.Snapshot come sooner.
func (l *loop) hurry() {
	if s := l.snapshots.stream; s != nil {
		s.Hurry()
	}
}

// ask tells the server of the live connection what it does not know yet of the
// topics, and asks what has no answer.
func (l *loop) ask() {
	k, list := l.sockets[l.shown.Generation], l.list()
	switch {
	case k == nil:
	case k.answers:
		if !l.contested() {
			l.tellTopics(k, list)
		}
		l.askAll(k, list)
	case l.shown.Name == session.Live && !l.contested():
		l.askNothing(k, list)
	}
}

// contested reports whether another socket may take over. It was dialed before a
// change of topics, and would not have the events of those that the live one has
// added: so changes wait.
func (l *loop) contested() bool { return len(l.sockets) > 1 }

// tellTopics tells the list when the server does not know it. Single changes are
// told by requests.
func (l *loop) tellTopics(k *socket, list topics) {
	if k.told && k.topics.version >= list.replaced || k.topics.version == list.version {
		k.told = true
		return
	}
	k.told, k.topics = true, list
	k.write(list.frames(k.limits.Message)...)
}

// askAll sends what has no answer, as much as may be on its way.
func (l *loop) askAll(k *socket, list topics) {
	var has map[string]bool
	for i, q := range l.requests.open {
		if i == maxAsked {
			return
		}
		if q.over == k || l.contested() && q.changesTopics() {
			continue
		}
		if has == nil {
			has = list.has()
		}
		q.over, q.events = k, nil
		k.write(q.text(list, has))
	}
}

func (q *request) changesTopics() bool {
	_, history := q.frame.(wire.HistoryRequest)
	return !history
}

// text is the frame of a request. The topics may have changed since it was made.
func (q *request) text(list topics, has map[string]bool) []byte {
	keep := func(names []string, want bool) []string {
		kept := []string{}
		for _, name := range names {
			if list.all || has[name] == want {
				kept = append(kept, name)
			}
		}
		return kept
	}
	switch f := q.frame.(type) {
	case wire.Add:
		f.Number, f.Topics = q.number, keep(f.Topics, true)
		f.Latest = list.of(f.Topics)
		return frame(f)
	case wire.Remove:
		f.Number, f.Topics = q.number, keep(f.Topics, false)
		return frame(f)
	case wire.HistoryRequest:
		f.Number = q.number
		return frame(f)
	}
	panic(fmt.Sprintf("native: a request with a %T", q.frame))
}

// askNothing is for a server that answers no requests: it is told the list, or dialed
// again where it learns of topics only from its address.
func (l *loop) askNothing(k *socket, list topics) {
	if k.topics.version != list.version {
		k.topics = list
		if !k.greeted {
			l.redial(k)
			return
		}
		k.write(frame(wire.Topics{Kind: wire.KindTopics, Topics: append([]string{}, list.names...), Latest: list.of(list.names)}))
	}
	open := l.requests.open
	l.requests.open = nil
	for _, q := range open {
		a := answer{position: l.cursor}
		if add, is := q.frame.(wire.Add); is && (add.Last > 0 || add.After != "") {
			a.err = ErrUnsupported
		} else if _, is := q.frame.(wire.HistoryRequest); is {
			a.err = ErrUnsupported
		}
		q.done <- a
	}
}

// redial replaces a connection by one with the new topics in its address.
func (l *loop) redial(k *socket) {
	delete(l.sockets, k.generation)
	l.close(k, wire.CloseNormal, "topics")
	l.step(session.Closed{Generation: k.generation, Code: wire.CloseNormal, Reason: "topics"}, nil)
	l.step(session.Reconnect{}, nil)
	l.publish()
}
