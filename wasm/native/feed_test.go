package native

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// What a hello and the frames after it say reaches the program.
func TestWhatAFeedSays(t *testing.T) {
	published := time.Now().Add(-time.Hour).UnixMilli()
	frames := make(chan string, 10)
	received := make(chan string, 10)
	url := handler(t, func(r *http.Request, conn *websocket.Conn) {
		received <- r.URL.Query().Get("topic")
		conn.Write(context.Background(), websocket.MessageText, []byte(`{"wakesocket":"hello","resumed":false,"at":"e-0","live":true,"limits":{"message":10},"fresh":{"a":60000,"b":1}}`))
		go func() {
			for f := range frames {
				conn.Write(context.Background(), websocket.MessageText, []byte(f))
			}
		}()
		for {
			_, data, err := conn.Read(context.Background())
			switch {
			case err != nil:
				return
			case string(data) == wire.Ping:
				conn.Write(context.Background(), websocket.MessageText, []byte(wire.Pong))
			default:
				received <- string(data)
			}
		}
	})
	r := newRecorder()
	o := r.options(url)
	o.Topics = []string{"a"}
	c := start(t, o)
	r.until(t, "live", r.live)
	if got := <-received; got != "a" {
		t.Errorf("the dial asks for %q", got)
	}
	eventually(t, "a round trip", func() bool { return c.RTT() > 0 })
	if !c.LastEventAt().IsZero() {
		t.Error("an event before the first")
	}

	if f := c.Freshness("a"); !f.Stale || f.Limit != time.Minute || !f.Newest.IsZero() {
		t.Errorf("before the first event: %+v", f)
	}
	frames <- `[{"id":"e-1","topic":"a","data":1},{"id":"e-2","topic":"old","data":2},{"id":"e-3","topic":"b","time":` + jsonNumber(published) + `,"data":3}]`
	r.until(t, "three events", func() bool { return len(r.events) == 3 })
	if f := c.Freshness("a"); f.Stale || time.Since(f.Newest) > patience {
		t.Errorf("after an event: %+v", f)
	}
	if f := c.Freshness("b"); !f.Stale || !f.Newest.Equal(time.UnixMilli(published)) {
		t.Errorf("an event of an hour ago: %+v", f)
	}
	if f := c.Freshness("old"); f.Stale || f.Limit != 0 || !f.Newest.IsZero() {
		t.Errorf("a topic without a limit: %+v", f)
	}
	if time.Since(c.LastEventAt()) > patience {
		t.Errorf("the last event was at %v", c.LastEventAt())
	}
	frames <- `{"wakesocket":"fresh","fresh":{"b":0}}`
	eventually(t, "the end of a limit", func() bool { return c.Freshness("b").Limit == 0 })
	if c.Freshness("a").Limit != time.Minute {
		t.Error("a change of one limit ended another")
	}

	frames <- `{"wakesocket":"error","code":"message-rate","message":"slow down"}`
	r.until(t, "the error", func() bool { return len(r.errors) == 1 })
	var said *ServerError
	if !errors.As(r.errors[0], &said) || said.Code != "message-rate" || said.Message != "slow down" {
		t.Errorf("%v", r.errors[0])
	}

	if err := c.Send(t.Context(), "12345678"); err != nil || <-received != `"12345678"` {
		t.Errorf("a message of ten bytes: %v", err)
	}
	if err := c.Send(t.Context(), "123456789"); err != ErrTooLarge {
		t.Errorf("a message of eleven bytes: %v", err)
	}
	c.SetTopics("b", "c")
	var topics wire.Topics
	if err := json.Unmarshal([]byte(<-received), &topics); err != nil || topics.Kind != wire.KindTopics || !slices.Equal(topics.Topics, []string{"b", "c"}) {
		t.Errorf("%v %+v", err, topics)
	}
	if !slices.Equal(c.Topics(), []string{"b", "c"}) {
		t.Errorf("topics %q", c.Topics())
	}
	c.SetTopics()
	if got := <-received; got != `{"wakesocket":"topics","topics":[]}` {
		t.Errorf("all topics: %s", got)
	}

	frames <- `{"wakesocket":"position","at":"e-9","live":true}`
	eventually(t, "the position", func() bool { return c.Cursor() == "e-9" })
	frames <- `{"id":`
	r.until(t, "the frame that cannot be read", func() bool { return len(r.errors) == 2 })
	var frame *FrameError
	if !errors.As(r.errors[1], &frame) || string(frame.Frame) != `{"id":` || frame.Unwrap() == nil {
		t.Errorf("%v", r.errors[1])
	}
	frames <- `{"x":"` + strings.Repeat("x", 1000)
	r.until(t, "the long frame that cannot be read", func() bool { return len(r.errors) == 3 })
	if !errors.As(r.errors[2], &frame) || len(frame.Frame) != 200 {
		t.Errorf("%d bytes of the frame are shown", len(frame.Frame))
	}
	close(frames)
	c.Close()
	if !c.Freshness("a").Stale {
		t.Error("fresh after Close")
	}
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// Long frames come in parts.
func TestParts(t *testing.T) {
	long := `{"id":"a","data":"` + strings.Repeat("x", 3*wire.PartSize) + `"}`
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		rest := []byte(long)
		for len(rest) > wire.PartSize {
			var part []byte
			part, rest = wire.Cut(rest)
			conn.Write(context.Background(), websocket.MessageText, append([]byte(wire.PartMore), part...))
		}
		plain(conn, wire.PartLast+string(rest))
	})
	r := newRecorder()
	start(t, r.options(url))
	r.until(t, "the event", func() bool { return len(r.events) == 1 })
	if len(r.events[0]) != 3*wire.PartSize+2 || len(r.errors) > 0 {
		t.Errorf("%d bytes, errors %v", len(r.events[0]), r.errors)
	}
}

func TestMilliseconds(t *testing.T) {
	for ms, want := range map[int64]time.Duration{
		0: 0, 1500: 1500 * time.Millisecond, -1: -time.Millisecond,
		1<<63 - 1: 9223372036854 * time.Millisecond, -1 << 63: -9223372036854 * time.Millisecond,
	} {
		if got := milliseconds(ms); got != want {
			t.Errorf("%d ms is %v, want %v", ms, got, want)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"native: ws://a/b answered 404 Not Found; check the path of the address": &DialError{URL: "ws://a/b", Status: 404},
		"native: ws://a answered 500 Internal Server Error":                      &DialError{URL: "ws://a", Status: 500},
		"native: cannot connect to ws://a: x":                                    &DialError{URL: "ws://a", Err: errors.New("x")},
		"native: the server closed with code 4403":                               &CloseError{Code: 4403},
		"native: the server closed with code 4403: no":                           &CloseError{Code: 4403, Reason: "no"},
		"native: the server did not accept a message: slow down (message-rate)":  &ServerError{"message-rate", "slow down"},
		"native: no address to connect to: x":                                    &URLError{errors.New("x")},
		`native: cannot read a frame: x: "{"`:                                    &FrameError{[]byte("{"), errors.New("a frame: x")},
		`native: events after "a" are lost (trimmed); the next is "b"`:           &GapError{Gap{"a", "b", "trimmed"}},
		"native: ws://a answered 200 OK; the address is not that of a feed":      &DialError{URL: "ws://a", Status: 200},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err.Error(), want)
		}
	}
	for code, is := range map[int]error{4401: ErrUnauthorized, 4403: ErrForbidden, 4404: ErrNotFound, 4429: ErrTooManyRequests} {
		if err := error(&CloseError{Code: code}); !errors.Is(err, is) || errors.Is(err, ErrUnavailable) {
			t.Errorf("%d is not %v", code, is)
		}
	}
	for status, is := range map[int]error{200: ErrNotWebSocket, 399: ErrNotWebSocket, 401: ErrUnauthorized, 429: ErrTooManyRequests, 503: ErrUnavailable} {
		err := error(&DialError{Status: status})
		for _, other := range []error{ErrNotWebSocket, ErrUnauthorized, ErrTooManyRequests, ErrUnavailable, ErrForbidden, ErrNotFound, ErrDialTimeout} {
			if errors.Is(err, other) != (other == is) {
				t.Errorf("%d as %v", status, other)
			}
		}
	}
	if errors.Is(&DialError{}, ErrNotWebSocket) || errors.Is(&DialError{Status: 400}, ErrNotWebSocket) || errors.Is(&CloseError{Code: 1000}, ErrForbidden) {
		t.Error("an error is what it is not")
	}
}

func TestRefuses(t *testing.T) {
	for status, want := range map[int]bool{0: false, 200: false, 399: false, 400: true, 401: false, 403: true, 404: true, 408: false, 425: false, 429: false, 499: true, 500: false, 503: false} {
		if got := (&DialError{Status: status}).refuses(); got != want {
			t.Errorf("%d refuses: %v", status, got)
		}
	}
}

// The query holds what the protocol says, besides what the address had.
func TestQuery(t *testing.T) {
	c := &Client{options: Options{ID: "me"}}
	for want, d := range map[string]session.Dial{
		"client=me&k=1&topic=x&topic=y&wakesocket=1":                                  {},
		"after=e-1&client=me&k=1&previous=reset%2C5%2C7&topic=x&topic=y&wakesocket=1": {After: "e-1", Previous: &wire.Previous{Cause: "reset", Up: 5 * time.Millisecond, Down: 7 * time.Millisecond}},
	} {
		u, err := parseURL("wss://a/b?k=1&after=old")
		if err != nil {
			t.Fatal(err)
		}
		if d.After == "" {
			u.RawQuery = "k=1"
		}
		if c.addQuery(u, d, newTopics([]string{"x", "y"}, nil), ""); u.RawQuery != want {
			t.Errorf("%s, want %s", u.RawQuery, want)
		}
	}
	bare := &Client{}
	u, _ := parseURL("wss://a/b#fragment")
	if bare.addQuery(u, session.Dial{}, newTopics(nil, nil), ""); u.String() != "wss://a/b?wakesocket=1" {
		t.Errorf("%s", u)
	}
}

// Errors are logged; user and query of an address may be secret.
func TestErrorsHoldNoSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"ftp://me:hidden@a/b?token=hidden": `"ftp://a/b" does not begin with`,
		"wss://me:hidden@?token=hidden":    `"wss://" names no host`,
		"wss://a/b?token=hidden%zz":        `the query of "wss://a/b" cannot be read`,
		"wss://a:b/c?token=hidden":         `"wss://a:b/c" cannot be read: invalid port`,
		"wss://me:hid@den@a:x?hidden":      `"wss://a:x" cannot be read`,
		"a/b?hidden":                       `"a/b" does not begin with`,
	} {
		if _, err := parseURL(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hid") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
