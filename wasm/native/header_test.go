package native

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/web/feed"
)

// given returns options that dial a server with headers.
func given(url string, header http.Header) Options {
	return fast(Options{URL: url, Header: func(context.Context, bool) (http.Header, error) { return header, nil }})
}

// Headers reach the server as they were given, also those that net/http and the
// WebSocket library take from elsewhere.
func TestHeadersReachTheServer(t *testing.T) {
	f, err := feed.New(feed.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	for _, c := range []struct {
		name, value, want string
	}{
		{"Host", "virtual.example", "virtual.example"},
		{"host", "virtual.example", "virtual.example"},
		{"Sec-WebSocket-Protocol", "wakesocket, token.abc", "wakesocket,token.abc"},
		{"sec-websocket-protocol", "token.abc", "token.abc"},
		{"authorization", "Bearer abc", "Bearer abc"},
		{"connection", "close", "Upgrade"},
		{"Sec-WebSocket-Version", "8", "13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan string, 100)
			s := answers(t, func(w http.ResponseWriter, r *http.Request) {
				r.Header.Set("Host", r.Host)
				seen <- strings.Join(r.Header.Values(c.name), " | ")
				f.ServeHTTP(w, r)
			})
			header := http.Header{c.name: {c.value}}
			client := start(t, given(s.URL, header))
			within(t, "Ready", func() {
				if err := client.Ready(t.Context()); err != nil {
					t.Error(err)
				}
			})
			if got := <-seen; got != c.want {
				t.Errorf("the server saw %q, want %q", got, c.want)
			}
			if len(header) != 1 || header[c.name][0] != c.value {
				t.Errorf("the headers of the caller are now %v", header)
			}
		})
	}
}

// readOnly hides that the body of an answer can be written to, as transports do that
// count or log what is read.
type readOnly struct{ http.RoundTripper }

func (r readOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.RoundTripper.RoundTrip(request)
	if err == nil {
		response.Body = struct{ io.ReadCloser }{response.Body}
	}
	return response, err
}

// The error of a dial says what the server said, and what else was wrong.
func TestDialErrorsSayWhy(t *testing.T) {
	secure := httptest.NewTLSServer(status(200))
	t.Cleanup(secure.Close)
	text := func(kind, body string) string {
		return answers(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(500)
			io.WriteString(w, body)
		}).URL
	}
	for name, c := range map[string]struct {
		options    Options
		want, lack string
	}{
		"ws where TLS is spoken":    {Options{URL: strings.Replace(secure.URL, "https", "ws", 1)}, "answered 400 Bad Request: \"Client sent an HTTP request to an HTTPS server.\"", "\\n"},
		"two lines":                 {Options{URL: text("text/plain", "the first\nthe second")}, `: "the first"`, "second"},
		"a long line":               {Options{URL: text("text/plain; charset=utf-8", strings.Repeat("x", 300))}, strings.Repeat("x", 200), strings.Repeat("x", 201)},
		"what is not UTF-8":         {Options{URL: text("text/plain", "a\xffb")}, `: "ab"`, "xff"},
		"a page":                    {Options{URL: text("text/html", "<h1>no</h1>")}, "answered 500 Internal Server Error", "h1"},
		"a handshake that is wrong": {Options{URL: answers(t, wrongAccept).URL}, "invalid Sec-WebSocket-Accept", "answered 101"},
		"a body that cannot be written": {Options{URL: answers(t, accepted).URL, HTTPClient: &http.Client{Transport: readOnly{http.DefaultTransport}}},
			"io.ReadWriteCloser", "answered 101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder()
			o := r.options(c.options.URL)
			o.HTTPClient = c.options.HTTPClient
			start(t, fast(o))
			r.until(t, "an error", func() bool { return len(r.errors) > 0 })
			if got := r.errors[0].Error(); !strings.Contains(got, c.want) || strings.Contains(got, c.lack) {
				t.Errorf("told %s; want %s, without %s", got, c.want, c.lack)
			}
		})
	}
}

// wrongAccept answers the handshake with a key of its own, and ends.
func wrongAccept(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "websocket")
	w.WriteHeader(http.StatusSwitchingProtocols)
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

// accepted answers the handshake as it should be, and ends.
func accepted(w http.ResponseWriter, r *http.Request) {
	if conn, err := websocket.Accept(w, r, nil); err == nil {
		conn.CloseNow()
	}
}
