package feed

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// behind serves the feed inside a middleware.
func (s *server) behind(middleware func(http.Handler) http.Handler) string {
	outer := httptest.NewServer(middleware(s.Feed))
	s.t.Cleanup(outer.Close)
	return strings.TrimPrefix(outer.URL, "http://")
}

// holding keeps a status back until something is written, as gin does.
type holding struct {
	http.ResponseWriter
	status int
}

func (h *holding) WriteHeader(status int) { h.status = status }

func (h *holding) Write(p []byte) (int, error) {
	h.ResponseWriter.WriteHeader(h.status)
	return h.ResponseWriter.Write(p)
}

func (h *holding) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.ResponseWriter.(http.Hijacker).Hijack() // panics when there is none
}

// labelled can be unwrapped, and describes a body that never comes.
type labelled struct{ http.ResponseWriter }

func (l labelled) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func TestMiddlewareThatWorks(t *testing.T) {
	s := serve(t, Options{}).ready()
	for name, middleware := range map[string]func(http.Handler) http.Handler{
		"holds the status": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(&holding{ResponseWriter: w}, r) })
		},
		"unwraps, sets headers": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Request-Id", "7")
				w.Header().Set("Content-Encoding", "gzip")
				w.Header().Set("Content-Length", "9")
				next.ServeHTTP(labelled{w}, r)
			})
		},
	} {
		c := rawDial(t, s.behind(middleware), "wakesocket=1", "")
		if c.answer.StatusCode != http.StatusSwitchingProtocols || c.answer.Header.Get("Content-Encoding") != "" || c.answer.ContentLength > 0 {
			t.Fatalf("%s: %+v", name, c.answer)
		}
		if name[0] == 'u' && c.answer.Header.Get("X-Request-Id") != "7" {
			t.Errorf("%s: %v", name, c.answer.Header)
		}
		if hello, _, err := c.next(); err != nil || !strings.Contains(hello, `"hello"`) {
			t.Fatalf("%s: %q, %v", name, hello, err)
		}
	}
}

func TestMiddlewareThatHidesTheConnection(t *testing.T) {
	for name, middleware := range map[string]func(http.Handler) http.Handler{
		"timeoutWriter": func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "") },
		"holding": func(next http.Handler) http.Handler {
			inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(&holding{ResponseWriter: w}, r) })
			return http.TimeoutHandler(inner, time.Minute, "")
		},
	} {
		for _, options := range []Options{{}, {Authorize: func(*http.Request) (*Grant, error) { return nil, ErrForbidden }}} {
			s := serve(t, options).ready()
			c := rawDial(t, s.behind(middleware), "wakesocket=1", "")
			body, _ := io.ReadAll(c.answer.Body)
			if c.answer.StatusCode != http.StatusNotImplemented || !strings.Contains(string(body), name) || c.answer.Header.Get("Upgrade") != "" ||
				c.answer.Header.Get("Sec-Websocket-Accept") != "" {
				t.Errorf("%s: %+v %s", name, c.answer, body)
			}
			logged := s.log.with("WebSocket not possible: a middleware hides the connection; mount the feed outside of it, or give its ResponseWriter an Unwrap method")
			if len(logged) != 1 || !strings.Contains(fmt.Sprint(logged[0]["writer"]), name) {
				t.Errorf("%s: %v", name, s.log)
			}
			if n := places(s.Feed); s.Connected() != 0 || n != 0 {
				t.Errorf("%s: %d clients, %d places", name, s.Connected(), n)
			}
		}
	}
}

func TestWriterName(t *testing.T) {
	if got := writerName(labelled{&holding{}}); got != "feed.labelled around *feed.holding" {
		t.Errorf("%s", got)
	}
}

func TestOrdinaryRequests(t *testing.T) {
	s := serve(t, Options{})
	answer, err := http.Get(s.url + "/?after=x")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusUpgradeRequired || answer.Header.Get("Upgrade") != "websocket" {
		t.Errorf("HTTP/1.1: %s %v", answer.Status, answer.Header)
	}
	secure := httptest.NewUnstartedServer(s.Feed)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()
	if answer, err = secure.Client().Get(secure.URL); err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusUpgradeRequired || answer.Header.Get("Upgrade") != "" || answer.Header.Get("Connection") != "" {
		t.Errorf("%s: %s %v", answer.Proto, answer.Status, answer.Header)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("CONNECT", "/", nil)
	r.ProtoMajor = 2
	if s.ServeHTTP(w, r); w.Code != http.StatusNotImplemented {
		t.Errorf("CONNECT: %d", w.Code)
	}
}

// A handshake that is not valid is answered by HTTP, and holds no place.
func TestInvalidHandshake(t *testing.T) {
	s := serve(t, Options{}).ready()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Connection", "Upgrade")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || places(s.Feed) != 0 {
		t.Errorf("%d %s, %d places", w.Code, w.Body, places(s.Feed))
	}
}

// Bytes after a handshake would be a body for a proxy and frames for the feed.
func TestHandshakeWithABodyIsRefused(t *testing.T) {
	s := serve(t, Options{}).ready()
	for header, body := range map[string]string{
		"Content-Length: 10":         frame(textFrame, "ping"),
		"Transfer-Encoding: chunked": "5\r\nhello\r\n0\r\n\r\n",
	} {
		c := rawDial(t, strings.TrimPrefix(s.url, "http://"), "wakesocket=1", body, header)
		if c.answer.StatusCode != http.StatusBadRequest || places(s.Feed) != 0 {
			t.Errorf("%s: %s, %d places", header, c.answer.Status, places(s.Feed))
		}
	}
}

func TestIsHandshake(t *testing.T) {
	for lines, want := range map[string]bool{
		"": false, "h2c": false, "websockets": false, "websocket": true, "WebSocket": true, "h2c, websocket": true, "h2c|websocket": true,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		for line := range strings.SplitSeq(lines, "|") {
			r.Header.Add("Upgrade", line)
		}
		if isHandshake(r) != want {
			t.Errorf("Upgrade %q: %v", lines, !want)
		}
	}
}

func TestFramesInOnePacketWithTheHandshake(t *testing.T) {
	got := make(chan string, 1)
	s := serve(t, Options{OnMessage: func(_ Client, data []byte) { got <- string(data) }}).ready()
	rawDial(t, strings.TrimPrefix(s.url, "http://"), "wakesocket=1", frame(textFrame, `{"early":1}`))
	if message := <-got; message != `{"early":1}` {
		t.Fatal(message)
	}
}

func TestSubprotocol(t *testing.T) {
	for _, test := range []struct {
		options []string
		offered string
		want    string
	}{
		{nil, "", ""},
		{nil, "bearer.abc, wakesocket", "wakesocket"},
		{nil, "bearer.abc", "bearer.abc"},
		{[]string{"v2", "v1"}, "v1, v2", "v2"},
		{[]string{"v2"}, "v1", ""},
		{[]string{}, "v1", ""},
	} {
		s := serve(t, Options{Subprotocols: test.options}).ready()
		c := s.raw("", "Host: feed", "Sec-WebSocket-Protocol: "+test.offered)
		if got := c.answer.Header.Get("Sec-WebSocket-Protocol"); got != test.want {
			t.Errorf("%+v: chosen %q", test, got)
		}
	}
}
