package native

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/internal/latest"
	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// readLimit is the largest frame that is read, in bytes, also in parts.
const readLimit = 64 << 20

// socket is one generation: a goroutine that resolves, dials and reads.
type socket struct {
	loop       *loop
	generation int
	fresh      bool // dialed with new credentials, since the last were refused
	attempt    int
	dialed     topics // that its address names
	since      string // that its address names
	ctx        context.Context
	cancel     context.CancelFunc
	sending    chan struct{} // holds one value while somebody sends

	mu            sync.Mutex
	url           *url.URL  // set before dialedAt
	dialedAt      time.Time // zero before
	connection    *websocket.Conn
	local, remote net.Addr
	unsent        [][]byte
	writing       bool

	// What the loop knows of the server. Topics do not change while it is dialed.
	topics  topics // that it was told
	told    bool   // it knows that list, or one that was told later
	greeted bool   // it knows control frames
	answers bool   // it answers requests
	limits  wire.Limits
	counts  *latest.Counts // of the newest events; nil when it does not know of them
}

func (l *loop) dial(d session.Dial) *socket {
	k := &socket{loop: l, generation: d.Generation, fresh: d.Fresh, attempt: d.Attempt, topics: l.list(), sending: make(chan struct{}, 1)}
	k.dialed, k.since = k.topics, l.latest.since()
	// Not the context of the run: it must outlive that for the closing handshake.
	k.ctx, k.cancel = context.WithCancel(context.WithoutCancel(l.run.ctx))
	go k.run(d)
	return k
}

// greeted takes what a server says of itself in its hello.
func (l *loop) greeted(generation int, limits wire.Limits) {
	k := l.sockets[generation]
	k.greeted, k.limits, k.answers = true, limits, limits.History > 0
	if k.answers && k.dialed.later() && !k.told {
		k.told, k.topics = true, l.list()
		k.write(k.topics.frames(limits.Message)...)
	}
	if s := l.snapshots.stream; s != nil {
		s.Greeted()
	}
}

// conn is the connection once it is open; nil before.
func (k *socket) conn() *websocket.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.connection
}

// dialing is when the dial began; zero before.
func (k *socket) dialing() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.dialedAt
}

func (k *socket) run(d session.Dial) {
	defer k.cancel()
	address, header, err := k.resolve(d)
	if err != nil {
		err = &URLError{err}
		k.post(session.URLFailed{Generation: k.generation, Reason: err.Error()}, func(l *loop) {
			l.failure = err
			l.report(err)
		})
		return
	}
	k.mu.Lock()
	k.url, k.dialedAt = address, time.Now()
	k.mu.Unlock()
	k.post(session.URLReady{Generation: k.generation}, nil)
	trace := httptrace.WithClientTrace(k.ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.local, k.remote = info.Conn.LocalAddr(), info.Conn.RemoteAddr()
	}})
	conn, response, err := websocket.Dial(trace, address.String(), dialOptions(k.loop.options.HTTPClient, header))
	if err != nil {
		k.dialFailed(dialError(address, k.attempt, response, err))
		return
	}
	conn.SetReadLimit(readLimit)
	k.mu.Lock()
	k.connection = conn
	k.mu.Unlock()
	k.post(session.Opened{Generation: k.generation}, func(l *loop) { l.failure = nil })
	k.loop.refusals.Store(0)
	opened := time.Now()
	last, err := k.read()
	k.closed(err, last.Sub(opened))
	conn.CloseNow()
}

// resolve returns the address to dial and the headers to send.
func (k *socket) resolve(d session.Dial) (*url.URL, http.Header, error) {
	text, err := k.loop.options.Resolve(k.ctx, d.Fresh)
	if err != nil {
		return nil, nil, err
	}
	address, err := parseURL(text)
	if err != nil {
		return nil, nil, err
	}
	k.loop.addQuery(address, d, k.dialed, k.since)
	if k.loop.options.Header == nil {
		return address, nil, nil
	}
	header, err := k.loop.options.Header(k.ctx, d.Fresh)
	return address, header, err
}

// dialOptions copies the headers, and moves those that net/http and the WebSocket
// library take from elsewhere: they drop a Host, and end a connection whose subprotocol
// they have not offered themselves.
func dialOptions(client *http.Client, header http.Header) *websocket.DialOptions {
	o := &websocket.DialOptions{HTTPClient: client, HTTPHeader: http.Header{}}
	for name, values := range header {
		switch name = http.CanonicalHeaderKey(name); name {
		case "Host":
			o.Host = strings.Join(values, ",")
		case "Sec-Websocket-Protocol":
			for offered := range strings.SplitSeq(strings.Join(values, ","), ",") {
				o.Subprotocols = append(o.Subprotocols, strings.TrimSpace(offered))
			}
		default:
			o.HTTPHeader[name] = append(o.HTTPHeader[name], values...)
		}
	}
	return o
}

// read hands over what the server sends until the connection ends. It returns when
// the last frame was received.
func (k *socket) read() (last time.Time, err error) {
	var parts wire.Parts
	for {
		kind, data, err := k.conn().Read(k.ctx)
		if err != nil {
			return last, err
		}
		last = time.Now()
		if kind != websocket.MessageText {
			k.post(session.Frame{Generation: k.generation}, func(l *loop) { l.report(ErrBinary) })
			continue
		}
		frame, ok := parts.Join(data)
		if !ok {
			if parts.Len() > readLimit {
				return last, fmt.Errorf("native: a frame of more than %d bytes", readLimit)
			}
			k.post(session.Frame{Generation: k.generation}, nil)
			continue
		}
		a, err := parse(k.generation, frame, last)
		if err != nil {
			also := a.also
			a.also = func(l *loop) {
				l.report(&FrameError{Frame: frame[:min(len(frame), 200)], Err: err})
				if also != nil {
					also(l)
				}
			}
		}
		addDigest(&a, frame)
		if (len(a.events) > 0 || a.newest != nil) && !k.awaitRoom() {
			return last, k.ctx.Err()
		}
		k.arrive(a)
	}
}

// stallSign is how often a socket shows its life while the callbacks give it no
// room: the delay is ours, not the network's.
const stallSign = 50 * time.Millisecond

// awaitRoom waits until the queue has room; false when the socket was abandoned.
func (k *socket) awaitRoom() bool {
	for {
		room := k.loop.queue.full()
		if room == nil {
			return true
		}
		select {
		case <-room:
		case <-time.After(stallSign):
			k.post(session.Frame{Generation: k.generation}, nil)
		case <-k.ctx.Done():
			return false
		case <-k.loop.run.ctx.Done():
			return false
		}
	}
}

func (k *socket) post(in session.Input, also func(*loop)) {
	k.arrive(arrival{Input: in, also: also})
}

// arrive hands an input to the loop. A socket that was abandoned has nothing more
// to say.
func (k *socket) arrive(a arrival) {
	a.from = k
	select {
	case k.loop.inputs <- a:
	case <-k.ctx.Done():
	case <-k.loop.run.ctx.Done():
	case <-k.loop.run.ended:
	}
}

// ping does not wait: a write on a dead network blocks. Its error comes from read.
func (k *socket) ping() {
	go k.conn().Write(k.ctx, websocket.MessageText, []byte(wire.Ping))
}

// send writes one message. The end of ctx does not end the connection, as it would
// in the middle of a write.
func (k *socket) send(ctx context.Context, text []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case k.sending <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-k.ctx.Done():
		return ErrNotLive
	}
	sent := make(chan error, 1)
	go func() {
		defer func() { <-k.sending }()
		sent <- k.conn().Write(k.ctx, websocket.MessageText, text)
	}()
	select {
	case err := <-sent:
		if err != nil {
			return errors.Join(ErrNotLive, err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write sends messages in their order, and does not wait for that. When it fails,
// the connection is lost, and the next one tells all that is not known.
func (k *socket) write(texts ...[]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unsent = append(k.unsent, texts...)
	if !k.writing {
		k.writing = true
		go k.writeAll()
	}
}

func (k *socket) writeAll() {
	for {
		k.mu.Lock()
		texts := k.unsent
		k.unsent = nil
		k.writing = len(texts) > 0
		k.mu.Unlock()
		if len(texts) == 0 {
			return
		}
		for _, text := range texts {
			if k.send(k.ctx, text) != nil {
				return
			}
		}
	}
}

// stranded reports whether the machine would no longer reach the server from the
// address that the connection uses.
func (k *socket) stranded() bool {
	k.mu.Lock()
	local, remote := k.local, k.remote
	k.mu.Unlock()
	from, ok := local.(*net.TCPAddr)
	if !ok {
		return false
	}
	probe, err := net.Dial("udp", remote.String()) // sends nothing
	if err != nil {
		return true
	}
	defer probe.Close()
	return !probe.LocalAddr().(*net.UDPAddr).IP.Equal(from.IP)
}

// addQuery adds to an address what our protocol says in its query.
func (c *Client) addQuery(u *url.URL, d session.Dial, t topics, since string) {
	q := u.Query()
	q.Set(wire.QueryVersion, wire.Version)
	if d.After != "" {
		q.Set(wire.QueryAfter, d.After)
	}
	if d.Previous != nil {
		q.Set(wire.QueryPrevious, d.Previous.String())
	}
	if c.options.ID != "" {
		q.Set(wire.QueryClient, c.options.ID)
	}
	t.addQuery(q)
	if since != "" {
		q.Set(wire.QuerySince, since)
	}
	u.RawQuery = q.Encode()
}
