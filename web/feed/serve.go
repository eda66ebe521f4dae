package feed

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// refusal is a close frame that a client gets instead of the feed. A page cannot
// see the status or the headers of a failed handshake, so a refused client is
// accepted and then closed with a code.
type refusal struct {
	code   websocket.StatusCode
	reason string
	label  string
}

func (r *refusal) Error() string { return r.reason }

// ServeHTTP makes the request a client of the feed. It returns when the client is
// connected, not when it leaves.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this is a WebSocket feed", http.StatusUpgradeRequired)
		return
	}
	address := f.clientAddress(r)
	release, err := f.admit(r, address)
	if err == nil {
		err = f.connect(w, r, address)
		if err != nil {
			release()
		}
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		f.refuse(w, r, refused)
	}
}

// refuse closes the connection with a reason. When too many refused clients are
// slow to answer, the rest are refused by plain HTTP, which holds nothing.
func (f *Feed) refuse(w http.ResponseWriter, r *http.Request, refused *refusal) {
	f.options.Observer.Refused(refused.label)
	select {
	case f.refusal <- struct{}{}:
		defer func() { <-f.refusal }()
	default:
		http.Error(w, refused.reason, http.StatusServiceUnavailable)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err == nil {
		conn.Close(refused.code, refused.reason)
	}
}

// admit checks whether the client may come in, the cheap questions first: none of
// them costs the store anything. It reserves a place that release gives back.
func (f *Feed) admit(r *http.Request, address netip.Addr) (release func(), err error) {
	if wait := f.drainsFor(); wait > 0 {
		return nil, &refusal{wire.CloseRestart, wire.Advice(wait+rand.N(time.Second+f.spread()), "draining"), refusedDraining}
	}
	if f.accept != nil && !f.accept.Allow() {
		return nil, &refusal{wire.CloseTryLater, f.later(5*time.Second, "too many clients at once"), refusedRate}
	}
	if !f.originAllowed(r) {
		return nil, &refusal{wire.CloseForbidden, "origin not allowed", refusedOrigin}
	}
	block := addressBlock(address)
	if err := f.reserve(block); err != nil {
		return nil, err
	}
	release = func() { f.release(block) }
	if f.options.Authorize != nil {
		if err := f.options.Authorize(r); err != nil {
			release()
			if errors.Is(err, ErrUnauthorized) {
				return nil, &refusal{wire.CloseUnauthorized, "unauthorized", refusedUnauthorized}
			}
			return nil, &refusal{wire.CloseForbidden, "forbidden", refusedForbidden}
		}
	}
	return release, nil
}

// connect accepts the client, tells it where it is and leaves it to its reader.
func (f *Feed) connect(w http.ResponseWriter, r *http.Request, address netip.Addr) error {
	query := r.URL.Query()
	id, after := query.Get(wire.QueryClient), query.Get(wire.QueryAfter)
	topics, err := topicSet(query[wire.QueryTopic])
	if err != nil || len(id) > maxClientID {
		return &refusal{websocket.StatusPolicyViolation, "the query holds too much", refusedQuery}
	}
	from, err := f.resume(after)
	if err != nil {
		return &refusal{wire.CloseTryLater, f.later(2*time.Second, "the log cannot be read"), refusedStore}
	}
	now := time.Now()
	c := &client{
		feed:    f,
		info:    Client{ID: strings.ToValidUTF8(id, "?"), Address: address, Number: f.last.Add(1)},
		browser: browserOf(r.UserAgent()),
		plain:   query.Get(wire.QueryVersion) != wire.Version,
		opened:  now,
		limit:   rate.NewLimiter(rate.Limit(f.options.MessageRate), int(2*f.options.MessageRate)),
		inputs:  inputs{topics: topics},
		outputs: outputs{pos: from.pos, at: from.at, inRing: from.inRing, page: from.page, live: from.live},
	}
	if f.options.Topics != nil {
		c.allow = f.options.Topics(r)
	}
	if previous, ok := wire.ParsePrevious(query.Get(wire.QueryPrevious)); ok {
		c.previous = &previous
	}
	if from.resumed || from.gap != nil {
		c.resumed = strings.ToValidUTF8(after[:min(len(after), store.MaxID)], "?")
	}
	if from.gap != nil {
		c.gap = from.gap.Reason
	}
	if !c.plain {
		c.hello = f.helloFor(from)
	}
	c.lastReceived.Store(now.UnixNano())

	h := &hijacker{ResponseWriter: w}
	c.conn, err = websocket.Accept(h, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // originAllowed has looked
		OnPingReceived:     c.protocolPing,
	})
	if err != nil {
		return err
	}
	c.network = h.network
	c.conn.SetReadLimit(readLimit)
	keepShort(c.network.Conn)
	before, ok := f.add(c)
	if !ok {
		c.network.Close()
		return ErrClosed
	}
	f.recordConnect(c, before)
	go c.read()
	c.wake()
	return nil
}

func (f *Feed) helloFor(from start) []byte {
	hello, _ := json.Marshal(wire.Hello{
		Kind:             wire.KindHello,
		Resumed:          from.resumed,
		Gap:              from.gap,
		Position:         from.pos.String(),
		Live:             from.live,
		Heartbeat:        f.options.Heartbeat.Milliseconds(),
		FirstRetryWindow: f.spread().Milliseconds(),
	})
	return hello
}

// reserve takes one of the places for connections.
func (f *Feed) reserve(block netip.Prefix) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reserved >= f.options.MaxClients {
		return &refusal{wire.CloseTryLater, f.later(30*time.Second, "full"), refusedFull}
	}
	if most := f.options.MaxPerAddress; most > 0 && f.address[block] >= most {
		return &refusal{wire.CloseTooMany, f.later(30*time.Second, "too many connections"), refusedAddress}
	}
	f.reserved++
	f.address[block]++
	return nil
}

func (f *Feed) release(block netip.Prefix) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reserved--
	if f.address[block]--; f.address[block] == 0 {
		delete(f.address, block)
	}
}

// add makes the client one of those that are woken, and returns the connection
// that it had until now, if the feed still holds that. It is not ok when the feed has been
// closed or drained meanwhile.
func (f *Feed) add(c *client) (before *client, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || !f.draining.IsZero() {
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
	f.release(addressBlock(c.info.Address))
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, c)
	if f.latest[c.info.ID] == c {
		delete(f.latest, c.info.ID)
	}
	f.all = nil
}

// drainsFor is how long newcomers should stay away; 0 when they may come in.
func (f *Feed) drainsFor() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining.IsZero() && !f.closed {
		return 0
	}
	return max(time.Millisecond, time.Until(f.draining))
}

// originAllowed keeps pages of other sites out; a request without an Origin does
// not come from a browser, and nothing could stop it from inventing one.
func (f *Feed) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	for _, pattern := range f.options.OriginPatterns {
		target := u.Host
		if strings.Contains(pattern, "://") {
			target = u.Scheme + "://" + u.Host
		}
		if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(target)); ok {
			return true
		}
	}
	return false
}
