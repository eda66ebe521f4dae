package native

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// fast makes retries quick.
func fast(o Options) Options {
	o.MinReconnectDelay, o.MaxReconnectDelay, o.FirstRetryWindow = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	return o
}

// server answers each request as it says and counts them.
type server struct {
	*httptest.Server
	requests atomic.Int32
}

func answers(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) }
}

// Answers that a retry cannot cure end the client after some tries.
func TestRefusals(t *testing.T) {
	for code, is := range map[int]error{403: ErrForbidden, 404: ErrNotFound, 410: ErrNotFound, 400: nil, 401: ErrUnauthorized} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s := answers(t, status(code))
			r := newRecorder()
			c := start(t, fast(r.options(s.URL+"/feed?token=secret")))
			within(t, "the end", func() { <-c.Done() })
			if n := s.requests.Load(); n != 3 {
				t.Errorf("%d requests, want 3", n)
			}
			var dial *DialError
			if err := c.Wait(); !errors.As(err, &dial) || dial.Status != code || is != nil && !errors.Is(err, is) {
				t.Errorf("it ended with %v", err)
			}
			state := c.State()
			if state.Name != Failed || state.Err != c.Err() || !strings.Contains(state.Cause, fmt.Sprint(code)) || strings.Contains(state.Cause, "secret") {
				t.Errorf("%+v", state)
			}
			if len(r.errors) != 3 || r.states[len(r.states)-1] != Failed {
				t.Errorf("errors %v, states %v", r.errors, r.states)
			}
		})
	}
}

func TestMaxRefusals(t *testing.T) {
	s := answers(t, status(403))
	c := start(t, fast(Options{URL: s.URL, MaxRefusals: 1}))
	within(t, "the end", func() { <-c.Done() })
	if n := s.requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// Answers that may change are asked for again, and reported.
func TestTroubleIsTold(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	smtp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { smtp.Close() })
	go func() {
		for {
			conn, err := smtp.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "220 smtp ready\r\n")
			bufio.NewReader(conn).ReadString('\n')
			conn.Close()
		}
	}()
	secure := httptest.NewTLSServer(status(200))
	t.Cleanup(secure.Close)
	for name, c := range map[string]struct {
		url string
		is  func(error) bool
	}{
		"500":      {answers(t, status(500)).URL, func(err error) bool { return statusOf(err) == 500 }},
		"502":      {answers(t, status(502)).URL, func(err error) bool { return errors.Is(err, ErrUnavailable) }},
		"503":      {answers(t, status(503)).URL, func(err error) bool { return errors.Is(err, ErrUnavailable) }},
		"504":      {answers(t, status(504)).URL, func(err error) bool { return errors.Is(err, ErrUnavailable) }},
		"429":      {answers(t, status(429)).URL, func(err error) bool { return errors.Is(err, ErrTooManyRequests) }},
		"200":      {answers(t, status(200)).URL, func(err error) bool { return errors.Is(err, ErrNotWebSocket) }},
		"refused":  {"ws://" + refused.Addr().String(), func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		"dns":      {"wss://no-such-host.invalid/feed", func(err error) bool { var e *net.DNSError; return errors.As(err, &e) }},
		"tls":      {strings.Replace(secure.URL, "https", "wss", 1), func(err error) bool { var e *tls.CertificateVerificationError; return errors.As(err, &e) }},
		"not HTTP": {"ws://" + smtp.Addr().String(), func(err error) bool { return statusOf(err) == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder()
			client := start(t, fast(r.options(c.url)))
			r.until(t, "four errors", func() bool { return len(r.errors) >= 4 })
			for _, err := range r.errors[:4] {
				var dial *DialError
				if !errors.As(err, &dial) || !c.is(err) || strings.Contains(err.Error(), "wakesocket=") {
					t.Errorf("told %v", err)
				}
			}
			eventually(t, "the cause in the state", func() bool { return client.State().Err != nil })
			if s := client.State(); s.Name != Connecting || s.Cause == "" || !c.is(s.Err) {
				t.Errorf("%+v", s)
			}
		})
	}
}

func statusOf(err error) int {
	var dial *DialError
	if errors.As(err, &dial) {
		return dial.Status
	}
	return 0
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	s := answers(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		status(503)(w, r)
	})
	c := start(t, fast(Options{URL: s.URL}))
	eventually(t, "the wait", func() bool { return !c.State().RetryAt.IsZero() })
	state := c.State()
	if wait := time.Until(state.RetryAt); wait < 55*time.Second || wait > 61*time.Second {
		t.Errorf("it waits %v; want 60 s", wait)
	}
	if s.requests.Load() != 1 {
		t.Errorf("%d requests", s.requests.Load())
	}
	var dial *DialError
	if !errors.As(state.Err, &dial) || dial.RetryAfter != time.Minute {
		t.Errorf("%+v", state.Err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": -1, "0": 0, "7": 7 * time.Second, "-1": -1, "1.5": -1, "soon": -1, "99999999999999999999": -1,
		"Thu, 26 Nov 2026 12:01:00 GMT": time.Minute, "Thu, 26 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

// A 401 asks for new credentials; what is refused again backs off and asks again.
func TestCredentials(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	s := answers(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r.Header.Get("Authorization"))
		n := len(seen)
		mu.Unlock()
		if n < 4 {
			status(401)(w, r)
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err == nil {
			plain(conn)
		}
	})
	asked := []bool{}
	o := fast(Options{URL: s.URL, Header: func(_ context.Context, fresh bool) (http.Header, error) {
		asked = append(asked, fresh)
		return http.Header{"Authorization": {fmt.Sprint("Bearer ", len(asked))}}, nil
	}})
	c := start(t, o)
	within(t, "Ready", func() {
		if err := c.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
	c.Close()
	if !slices.Equal(asked, []bool{false, true, true, true}) {
		t.Errorf("Header was asked with fresh %v", asked)
	}
	if !slices.Equal(seen, []string{"Bearer 1", "Bearer 2", "Bearer 3", "Bearer 4"}) {
		t.Errorf("the server saw %q", seen)
	}
}

// A token that an open connection is refused again soon after its renewal.
func TestCloseCode4401AgainBacksOff(t *testing.T) {
	t.Parallel()
	no := func(_ *http.Request, conn *websocket.Conn) { conn.Close(4401, "expired") }
	url := handler(t, no, no, no, func(_ *http.Request, conn *websocket.Conn) { plain(conn) })
	r := newRecorder()
	o := fast(r.options(""))
	o.Resolve = func(context.Context, bool) (string, error) { return url, nil }
	start(t, o)
	r.until(t, "live", r.live)
	for _, err := range r.errors {
		if !errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) {
			t.Errorf("told %v", err)
		}
	}
	if len(r.errors) != 3 || slices.Contains(r.states, Failed) {
		t.Errorf("errors %v, states %v", r.errors, r.states)
	}
}

func TestHeaderThatFails(t *testing.T) {
	away := errors.New("vault is sealed")
	r := newRecorder()
	o := fast(r.options("ws://127.0.0.1:1"))
	o.Header = func(context.Context, bool) (http.Header, error) { return nil, away }
	c := start(t, o)
	r.until(t, "an error", func() bool { return len(r.errors) > 0 })
	var e *URLError
	if !errors.Is(r.errors[0], away) || !errors.As(r.errors[0], &e) {
		t.Errorf("%v", r.errors[0])
	}
	eventually(t, "the cause", func() bool { return strings.Contains(c.State().Cause, "vault is sealed") })
}

// A dial that is not answered is reported, too.
func TestDialTimeoutIsTold(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	r := newRecorder()
	o := fast(r.options("wss://" + silent.Addr().String()))
	o.ConnectTimeout = time.Second
	start(t, o)
	r.until(t, "an error", func() bool { return len(r.errors) > 0 })
	if !errors.Is(r.errors[0], ErrDialTimeout) {
		t.Errorf("%v", r.errors[0])
	}
}

func TestTLSThroughAProxy(t *testing.T) {
	var seen atomic.Int32
	proxy := answers(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			status(405)(w, r)
			return
		}
		seen.Add(1)
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(up, conn)
		io.Copy(conn, up)
	})
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			plain(conn)
		}
	}))
	t.Cleanup(secure.CloseClientConnections)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	transport := &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: roots}}
	c := start(t, Options{URL: secure.URL, HTTPClient: &http.Client{Transport: transport, Timeout: time.Nanosecond}})
	within(t, "Ready", func() { _ = c.Ready(t.Context()) })
	if !c.State().Live() || seen.Load() != 1 {
		t.Errorf("%+v through %d CONNECTs", c.State(), seen.Load())
	}
}
