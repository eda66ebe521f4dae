package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// event is one event as a server sent it.
type event struct {
	id    string
	topic string
	raw   json.RawMessage
}

// frame is one message that means something: an event, a pong or a control frame.
type frame struct {
	events  []event
	pong    bool
	control json.RawMessage
	kind    string // of control
}

// conn is one client of the server. It reads only when it is asked to.
type conn struct {
	*report
	ws      *websocket.Conn
	full    bool // it said wakesocket=1
	frames  chan frame
	ended   chan struct{}
	closing error // why frames ended

	hello    *wire.Hello
	position *wire.Position // the last one
	received int            // frames
	pending  []event        // of the last frame
}

// dial connects with the pairs of the query, and begins to read.
func (c *checker) dial(query url.Values) (*conn, error) {
	k, err := c.open(query, &http.Client{})
	if err == nil {
		c.readers.Go(func() { k.read(c.ctx) })
	}
	return k, err
}

// dialSlow connects and does not read. Its window is small, so that the server
// notices soon.
func (c *checker) dialSlow(query url.Values) (*conn, error) {
	return c.open(query, &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if tcp, ok := nc.(*net.TCPConn); ok {
			tcp.SetReadBuffer(64 << 10)
		}
		return nc, err
	}}})
}

func (c *checker) open(query url.Values, client *http.Client) (*conn, error) {
	u := *c.url
	all := u.Query()
	for name, values := range query {
		all[name] = values
	}
	u.RawQuery = all.Encode()
	ctx, cancel := context.WithTimeout(c.ctx, c.patience)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{HTTPClient: client, HTTPHeader: c.header})
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("the server answers %s instead of accepting the WebSocket", response.Status)
		}
		return nil, fmt.Errorf("cannot connect to %s: %w", u.Redacted(), err)
	}
	ws.SetReadLimit(-1)
	return &conn{report: c.report, ws: ws, full: all.Get(wire.QueryVersion) == wire.Version, frames: make(chan frame, 1<<16), ended: make(chan struct{})}, nil
}

func (k *conn) close() { k.ws.CloseNow() }

func (k *conn) read(ctx context.Context) {
	defer close(k.ended)
	var parts wire.Parts
	for {
		kind, message, err := k.ws.Read(ctx)
		if err != nil {
			k.closing = err
			return
		}
		k.check("text")
		if kind != websocket.MessageText {
			k.fail("text", "a binary message of %d bytes", len(message))
			continue
		}
		if k.full {
			message = k.join(&parts, message)
		}
		if message != nil {
			select {
			case k.frames <- k.parse(message):
			case <-ctx.Done():
				return
			}
		}
	}
}

// join checks the parts of a frame; it returns nil when more parts follow.
func (k *conn) join(parts *wire.Parts, message []byte) []byte {
	open := parts.Len() > 0
	isPart := bytes.HasPrefix(message, []byte(wire.PartMore)) || bytes.HasPrefix(message, []byte(wire.PartLast))
	if isPart {
		k.check("parts")
		if !utf8.Valid(message) {
			k.fail("parts", "a part ends inside of a character: %.40q…", message)
		}
	} else if open && string(message) != wire.Pong {
		k.fail("parts", "%.40q came between the parts of a frame", message)
	}
	frame, whole := parts.Join(message)
	if !whole {
		return nil
	}
	if isPart && !json.Valid(frame) {
		k.fail("parts", "the joined frame is not JSON: %.40q", frame)
	}
	return frame
}

func (k *conn) parse(message []byte) (f frame) {
	if string(message) == wire.Pong {
		return frame{pong: true}
	}
	k.check("event")
	k.check("control")
	message = bytes.TrimSpace(message)
	if len(message) > 0 && message[0] == '[' {
		var batch []json.RawMessage
		if json.Unmarshal(message, &batch) != nil || !k.full {
			k.fail("event", "an array: %.60s", message)
			return f
		}
		for _, raw := range batch {
			f.events = append(f.events, k.event(raw)...)
		}
		return f
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(message, &fields) == nil && json.Unmarshal(fields[wire.Control], &f.kind) == nil && f.kind != "" {
		f.control = message
		if !k.full {
			k.fail("control", "a client that did not say wakesocket=1 got %.80s", message)
		}
		return f
	}
	return frame{events: k.event(message)}
}

// event reads one event; what is not an event gives none.
func (k *conn) event(raw json.RawMessage) []event {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		k.fail("event", "not a JSON object: %.60q", raw)
		return nil
	}
	e := event{raw: raw}
	json.Unmarshal(fields["topic"], &e.topic)
	k.check("id")
	id := fields["id"]
	switch {
	case len(id) == 0 || string(id) == "null":
		k.fail("id", "an event without an id: %.60s", raw)
	case id[0] == '"':
		if json.Unmarshal(id, &e.id); !wire.ValidID(e.id) {
			k.fail("id", "the id %.60s is empty, too long or has a line break", id)
		}
	default:
		var n float64
		if json.Unmarshal(id, &n) != nil || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
			k.fail("id", "the id %.60s is not a string, nor a number that JavaScript holds exactly", id)
		}
		e.id = string(id)
	}
	return []event{e}
}

var errQuiet = errors.New("nothing came")

// next returns the next frame.
func (k *conn) next(patience time.Duration) (frame, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case f := <-k.frames:
			k.received++
			k.control(f)
			return f, nil
		case <-timer.C:
			return frame{}, errQuiet
		case <-k.ended:
			select {
			case f := <-k.frames:
				k.received++
				k.control(f)
				return f, nil
			default:
				return frame{}, k.closing
			}
		}
	}
}

// nextEvent reads up to the next event.
func (k *conn) nextEvent(patience time.Duration) (e event, err error) {
	deadline := time.Now().Add(patience)
	for len(k.pending) == 0 {
		f, err := k.next(time.Until(deadline))
		if err != nil {
			return e, err
		}
		k.pending = f.events
	}
	e, k.pending = k.pending[0], k.pending[1:]
	return e, nil
}

// control keeps what a control frame says.
func (k *conn) control(f frame) {
	switch f.kind {
	case wire.KindHello:
		k.check("hello")
		var hello wire.Hello
		err := json.Unmarshal(f.control, &hello)
		switch {
		case k.received > 1:
			k.fail("hello", "a hello came as frame %d", k.received)
		case err != nil || !bytes.Contains(f.control, []byte(`"at"`)):
			k.fail("hello", "the hello cannot be read: %s", f.control)
		case hello.Resumed && hello.Gap != nil:
			k.fail("hello", `"resumed" is true beside a gap: %s`, f.control)
		}
		k.hello = &hello
	case wire.KindPosition:
		k.position = &wire.Position{}
		if json.Unmarshal(f.control, k.position) != nil || k.position.Position == "" {
			k.fail("position", "a position that cannot be read: %s", f.control)
		}
	}
}

// closeText describes how a connection ended.
func closeText(err error) string {
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		return strings.TrimSpace(fmt.Sprintf("closed with %d %s", ce.Code, ce.Reason))
	}
	return fmt.Sprintf("ended without a close frame (%v)", err)
}
