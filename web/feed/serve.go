package feed

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// ServeHTTP makes the request a client of the feed. It returns when the client is
// connected, not when it leaves. A GET with "history=<topic>" that is no WebSocket
// handshake is answered with the newest events of the topic, as JSON; the rules of
// access are the same.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isHandshake(r) {
		if r.URL.Query().Has(wire.QueryHistory) {
			f.serveHistory(w, r)
		} else {
			answerOrdinary(w, r)
		}
		return
	}
	if r.ContentLength != 0 {
		http.Error(w, "a WebSocket handshake has no body; what follows it would count as frames", http.StatusBadRequest)
		return
	}
	address := f.clientAddress(r)
	a, err := f.admit(r, address)
	if err == nil {
		if err = f.connect(w, r, a); err != nil {
			a.release()
		}
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		f.refuse(w, r, address, refused)
	}
}

// connect accepts the client, tells it where it is and leaves it to its reader.
func (f *Feed) connect(w http.ResponseWriter, r *http.Request, a *admission) (err error) {
	wanted := newFilter(a.topics, a.access)
	wanted.narrow(a.access)
	var claimed *claim
	if a.later {
		wanted.names = nil
		claimed, err = f.claim(r.Context(), nil)
	} else {
		claimed, err = f.claim(r.Context(), namesOf(&wanted))
	}
	defer func() {
		if err != nil {
			claimed.release()
		}
	}()
	from := start{}
	if err == nil {
		from, err = f.resume(a.after, wanted.names, a.plain, a.later)
	}
	if err != nil {
		return &refusal{wire.CloseTryLater, f.later(2*time.Second, "the log cannot be read"), refusedStore}
	}
	c := &client{
		feed:     f,
		info:     Client{ID: a.client, Address: a.address, Number: f.last.Add(1), User: a.grant.User, Data: a.grant.Data},
		browser:  browserOf(r.UserAgent()),
		plain:    a.plain,
		opened:   time.Now(),
		previous: a.previous,
		access:   a.access,
		expires:  a.grant.Expires,
		release:  a.release,
		claim:    claimed,
		since:    a.since,
		latest:   a.had,
		limit:    rate.NewLimiter(rate.Limit(f.options.MessageRate), f.messageBurst()),
		writing:  true, // until the first write has found nothing more to do
		inputs:   inputs{filter: wanted},
		outputs:  outputs{pos: from.pos, at: from.at, inRing: from.inRing, page: bookmark{key: pageKey{after: from.pos}}, live: from.live},
	}
	if a.later { // the position stays until the list has come
		c.filter = filter{hook: a.access.hook, granted: a.access.topics, names: map[string]struct{}{}}
		c.later, c.live, from.live = true, false, false
	}
	c.filter.conflate(a.latest)
	c.filter.narrow(a.access)
	c.counting = f.newest.named()
	if len(a.latest) > 0 {
		c.conflate(from.pos, a.had)
		from.live = from.live && (a.had == "" || a.had == from.pos.String())
		c.live = from.live
	}
	if from.resumed || from.gap != nil {
		c.resumed = strings.ToValidUTF8(a.after[:min(len(a.after), store.MaxID)], "?")
	}
	if from.gap != nil {
		c.gap = from.gap.Reason
	}
	if from.resumed {
		c.proof = from.pos
	}
	c.conn, c.network, err = f.accept(w, r, websocket.AcceptOptions{OnPingReceived: c.pinged})
	if err != nil {
		return err
	}
	c.network.limit = f.frameLimit()
	c.conn.SetReadLimit(-1) // receive has its own
	keepShort(c.network.Conn, unsentMost)
	if len(a.latest) > 0 {
		keepFresh(c.network.Conn)
	}
	c.mu.Lock() // it must not be written to before its hello
	before, ok := f.add(c)
	if !c.plain {
		c.hello = f.helloFor(c, from)
	}
	c.mu.Unlock()
	if !ok {
		c.network.Close()
		return ErrClosed
	}
	f.recordConnect(c, before)
	f.wanting.add(c, c.filter.names)
	f.sampling.add(c, c.filter.latestNames())
	go c.read()
	go c.write()
	if !a.later {
		c.rejectForbidden(a.topics)
	}
	f.revokeMissed(c)
	return nil
}

func (f *Feed) helloFor(c *client, from start) []byte {
	position := from.pos
	if !from.resumed && from.gap == nil {
		position = c.lastingPosition()
	}
	hello := wire.Hello{
		Kind:             wire.KindHello,
		Resumed:          from.resumed,
		Gap:              from.gap,
		Position:         position.String(),
		Live:             from.live,
		Heartbeat:        f.options.Heartbeat.Milliseconds(),
		FirstRetryWindow: f.spread().Milliseconds(),
		Time:             time.Now().UnixMilli(),
		Fresh:            f.fresh.all(c.access),
		Latest:           c.counting,
		Limits: &wire.Limits{
			Message: int64(f.options.MaxMessage),
			Rate:    f.options.MessageRate,
			Burst:   int64(f.messageBurst()),
			Topics:  int64(f.options.MaxTopics),
			History: historyEvents,
		},
	}
	if !c.expires.IsZero() {
		hello.Expires = max(1, time.Until(c.expires).Milliseconds())
	}
	frame, _ := json.Marshal(hello)
	return frame
}

// messageBurst is how many messages a client may send at once.
func (f *Feed) messageBurst() int { return max(1, int(2*f.options.MessageRate)) }

// add makes the client one of those that are woken, and returns the connection
// that it had until now, if the feed still holds that. It is not ok when the feed
// has been closed or drained meanwhile.
func (f *Feed) add(c *client) (before *client, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.draining {
		return nil, false
	}
	if id := c.info.ID; id != "" {
		before = f.latest[id]
		f.latest[id] = c
	}
	f.gone.Add(1)
	f.clients[c] = struct{}{}
	f.all = nil
	f.peak.Store(max(f.peak.Load(), int64(len(f.clients))))
	return before, true
}

func (f *Feed) remove(c *client) {
	c.release()
	c.claim.release()
	f.wanting.remove(c, c.filter.names)
	f.sampling.remove(c, c.filter.latestNames())
	c.stopConflation()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, c)
	if f.latest[c.info.ID] == c {
		delete(f.latest, c.info.ID)
	}
	f.all = nil
}
