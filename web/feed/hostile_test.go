package feed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// A frame in one packet with the handshake must not keep what follows from being
// counted: neither against floods, nor as a sign of life.
func TestFramesAfterAnEarlyOneAreCounted(t *testing.T) {
	s := serve(t, Options{MessageRate: 1}).ready()
	c := rawDial(t, strings.TrimPrefix(s.url, "http://"), "wakesocket=1", frame(textFrame, "ping"))
	go c.Write([]byte(strings.Repeat(frame(pongFrame, ""), 5000)))
	if code, _ := c.closed(); code != int(wire.CloseTryLater) {
		t.Errorf("closed with %d", code)
	}
}

// A hook gets a request of its own: what it changes, perhaps after its time is up,
// does not reach the handshake.
func TestHooksCannotSpoilTheHandshake(t *testing.T) {
	spoil := func(r *http.Request) {
		clear(r.Header)
		r.URL.RawQuery = ""
		r.Method = http.MethodPost
	}
	s := serve(t, Options{
		Authorize: func(r *http.Request) (*Grant, error) { spoil(r); return nil, nil },
		Topics:    func(r *http.Request) func(string) bool { spoil(r); return nil },
	}).ready()
	if c := s.raw("wakesocket=1"); c.answer.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("%s", c.answer.Status)
	}
}

// A client that leaves while its rights are asked for is not the fault of the hook.
func TestClientLeavesDuringAuthorize(t *testing.T) {
	asked := make(chan net.Conn, 1)
	left := make(chan error, 1)
	s := serve(t, Options{Authorize: func(r *http.Request) (*Grant, error) {
		(<-asked).Close()
		<-r.Context().Done()
		left <- context.Cause(r.Context())
		return nil, r.Context().Err()
	}}).ready()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, handshake("", "Host: feed"))
	asked <- conn
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the hook's context ended with %v", err)
	}
	until(t, "its place is free", func() bool { return places(s.Feed) == 0 })
	for _, line := range []string{"hook does not return", "client refused"} {
		if strings.Contains(s.log.String(), line) {
			t.Errorf("%s", s.log)
		}
	}
}

// A hook that gives up by itself is no less a failure than one that does not return.
func TestFailedAuthorizationIsLogged(t *testing.T) {
	for _, err := range []error{ErrUnavailable, context.DeadlineExceeded} {
		s := serve(t, Options{Authorize: func(*http.Request) (*Grant, error) { return nil, err }}).ready()
		if ce := s.dial("").closed(); ce.Code != wire.CloseTryLater {
			t.Errorf("%v: %+v", err, ce)
		}
		if lines := s.log.with("client refused: its rights are unknown; see why Authorize fails"); len(lines) != 1 || lines[0]["error"] != err.Error() {
			t.Errorf("%v: %s", err, s.log)
		}
	}
}

// Names that the log cannot carry would make Disconnect find nobody, in silence.
func TestNamesMustBeText(t *testing.T) {
	s := serve(t, Options{Authorize: func(r *http.Request) (*Grant, error) {
		return &Grant{User: r.URL.Query().Get("user")}, nil
	}}).ready()
	for _, target := range []Target{{User: "a\xff"}, {Client: "\xff"}, {User: "a", Client: "\xff"}} {
		if err := s.Disconnect(t.Context(), target); err == nil || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%q: %v", target, err)
		}
	}
	s.knowing("", "user=alice")
	if ce := s.dial("user=a%ff").closed(); ce.Code != wire.CloseTryLater {
		t.Errorf("%+v", ce)
	}
	if len(s.log.with("Authorize returned a grant whose user is not UTF-8; encode it, for example as hex")) != 1 {
		t.Errorf("%s", s.log)
	}
}

// A publisher may use its buffer again.
func TestPublishedDataAreACopy(t *testing.T) {
	s := serve(t, Options{}).ready()
	data := []byte(`"first"`)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	first, err := s.Publish(ctx, "cpu", data)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, `"wrong"`)
	id, _ := store.ParseID(first)
	id.Major--
	events, err := s.options.Store.After(ctx, id, 1)
	if err != nil || string(events[0].Data) != `"first"` {
		t.Errorf("%s, %v", events, err)
	}
}

// A long event in one frame takes a slow client some time. Its library may ping
// meanwhile, which must cost neither the connection nor the pong.
func TestPingWhileALongFrameIsWritten(t *testing.T) {
	got := make(chan string, 1)
	s := serve(t, Options{
		MaxEvent: 8 << 20, OnMessage: func(_ Client, data []byte) { got <- string(data) },
	}).ready()
	c := s.raw("", "Host: feed")
	until(t, "it is there", func() bool { return s.Connected() == 1 })
	c.Conn.(*net.TCPConn).SetReadBuffer(128 << 10)
	text := `"` + strings.Repeat("x", 4<<20) + `"` // more than buffers hold
	if _, err := s.Publish(t.Context(), "cpu", []byte(text)); err != nil {
		t.Fatal(err)
	}
	s.stuck(1)
	c.Write([]byte(frame(pingFrame, "one") + frame(pingFrame, "two") + frame(textFrame, `{}`)))
	select {
	case <-got: // the pings do not keep the feed from reading
	case <-time.After(patience):
		t.Fatal("a message after the pings is not read")
	}
	if payload, code, err := c.next(); len(payload) < len(text) || err != nil {
		t.Fatalf("%d bytes, %d, %v", len(payload), code, err)
	}
	if payload, code, err := c.next(); payload != "two" || err != nil {
		t.Fatalf("%.80q, %d, %v", payload, code, err)
	}
}
