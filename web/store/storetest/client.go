package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// client is one connection to a feed and what came over it.
type client struct {
	conn   *websocket.Conn
	parts  wire.Parts
	hello  wire.Hello
	live   bool
	events []message
}

type message struct {
	ID   string `json:"id"`
	Data int    `json:"data"`
}

// dial connects after an id, for the topics or all, and reads the hello, unless the
// client is a plain one.
func dial(feed, after string, plain bool, topics ...string) (*client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	query := url.Values{wire.QueryAfter: {after}, wire.QueryTopic: topics}
	if !plain {
		query.Set(wire.QueryVersion, wire.Version)
	}
	conn, err := connect(ctx, feed, query)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn}
	if plain {
		return c, nil
	}
	if err := c.read(); err != nil {
		conn.CloseNow()
		return nil, err
	}
	if c.hello.Kind != wire.KindHello {
		conn.CloseNow()
		return nil, errors.New("the first frame is not a hello")
	}
	c.live = c.hello.Live
	return c, nil
}

// connect takes frames of any size from a feed.
func connect(ctx context.Context, feed string, query url.Values) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(ctx, feed+"/?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1)
	return conn, nil
}

// read takes one frame.
func (c *client) read() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, data, err := c.conn.Read(ctx)
	if err != nil {
		return err
	}
	data, ok := c.parts.Join(data)
	if !ok {
		return nil
	}
	if data[0] == '[' {
		var events []message
		err := json.Unmarshal(data, &events)
		c.events = append(c.events, events...)
		return err
	}
	var frame struct {
		wire.Hello
		ID   string `json:"id"`
		Data int    `json:"data"`
	}
	if err := json.Unmarshal(data, &frame); err != nil {
		return fmt.Errorf("frame %q: %w", data, err)
	}
	switch frame.Kind {
	case wire.KindHello:
		c.hello = frame.Hello
	case wire.KindPosition:
		c.live = c.live || frame.Live
	default:
		c.events = append(c.events, message{frame.ID, frame.Data})
	}
	return nil
}

// comeBack connects again after the last event.
func (c *client) comeBack(feed string) error {
	again, err := dial(feed, c.events[len(c.events)-1].ID, false)
	if err != nil {
		return err
	}
	if again.hello.Gap != nil {
		again.conn.CloseNow()
		return fmt.Errorf("a gap is reported: %+v", again.hello.Gap)
	}
	again.events = append(c.events, again.events...)
	c.conn.CloseNow()
	*c = *again
	return nil
}

// reader is a client over many connections; it holds each to the claim.
type reader struct {
	plain bool
	after string // id of the last event
	next  int    // the number that must come next
	gaps  int
	got   int
	sent  int // times that it was sent away with advice
}

// turn connects to a feed and reads so many events, or until it is enough, or
// until it is sent away.
func (r *reader) turn(feed string, most int, enough func(*client) bool) error {
	c, err := dial(feed, r.after, r.plain)
	if sentAway(err) {
		r.sent++
		return nil
	}
	if err != nil {
		return err
	}
	defer c.conn.CloseNow()
	if r.after == "" && !r.plain {
		r.after = c.hello.Position // a position is as good as an event's id
	}
	gap := c.hello.Gap != nil
	if gap {
		r.gaps++
		if c.hello.Resumed {
			return errors.New("resumed in spite of a gap")
		}
	}
	taken := 0
	for {
		for ; taken < len(c.events); taken++ {
			e := c.events[taken]
			switch {
			case e.Data < 0: // published to see whether it works
				continue
			case gap:
				if e.ID != c.hello.Gap.Earliest {
					return fmt.Errorf("%s comes first after the gap, reported was %s", e.ID, c.hello.Gap.Earliest)
				}
				if c.hello.Gap.Reason != wire.GapTrimmed {
					return fmt.Errorf("a gap for reason %s, but the log was only trimmed", c.hello.Gap.Reason)
				}
			case e.Data != r.next:
				return fmt.Errorf("event %d (%s) where %d should be; connected after %q", e.Data, e.ID, r.next, r.after)
			}
			gap = false
			r.next, r.after = e.Data+1, e.ID
			r.got++
		}
		if taken >= most || enough != nil && enough(c) {
			return nil
		}
		err := c.read()
		if sentAway(err) {
			r.sent++
			return nil
		}
		if err != nil {
			return fmt.Errorf("connected after %q, %d events: %w", r.after, taken, err)
		}
	}
}

// sentAway reports whether the feed asked the client to come back later.
func sentAway(err error) bool {
	closed, ok := errors.AsType[websocket.CloseError](err)
	_, hasAdvice := wire.ParseAdvice(closed.Reason)
	return ok && hasAdvice && (closed.Code == wire.CloseRestart || closed.Code == wire.CloseTryLater)
}
