package e2e

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/web/feed"
)

// dist is what `make build` makes; it is served as it is.
const dist = "../dist"

func requireDist(t testing.TB) {
	t.Helper()
	for _, name := range []string{"client.wasm", "shim.js"} {
		if _, err := os.Stat(filepath.Join(dist, name)); err != nil {
			t.Fatalf("dist/%s is missing: run `make build` (or ./build.sh) first", name)
		}
	}
}

// site is the page under test, a real feed, and the proxy between them. Only the
// feed's connections go through the proxy, so that each one counted there is a
// WebSocket.
type site struct {
	testing.TB
	page  *httptest.Server
	proxy *faultproxy.Proxy
	home  string // where the browser finds the page
	url   string // of the feed, through the proxy

	journal journal // what the feed logs

	mu      sync.Mutex
	feed    *feed.Feed
	options feed.Options // of the feed
	last    int          // number of the last event that was published
}

func newSite(t testing.TB) *site {
	t.Helper()
	requireDist(t)
	s := &site{TB: t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("what the feed logged:\n" + s.journal.String())
		}
	})
	s.page = servePage(t)
	s.home = s.page.URL
	s.use(feed.Options{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.current().ServeHTTP(w, r) }))
	t.Cleanup(upstream.Close)
	s.proxy = startProxy(t, upstream)
	s.url = "ws://" + s.proxy.Addr() + "/feed"
	return s
}

// journal is a log that is shown when the test fails.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// servePage serves the page and the built client.
func servePage(t testing.TB) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle("/", pageFiles(t))
	mux.Handle("/dist/", http.StripPrefix("/dist/", http.FileServer(http.Dir(dist))))
	return serve(t, mux)
}

func serve(t testing.TB, h http.Handler) *httptest.Server {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func startProxy(t testing.TB, upstream *httptest.Server) *faultproxy.Proxy {
	t.Helper()
	p, err := faultproxy.Listen(strings.TrimPrefix(upstream.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// use puts another feed in the place of the one there is; the old one goes on to
// serve the connections that it has.
func (s *site) use(o feed.Options) {
	s.Helper()
	o.OriginPatterns = append(o.OriginPatterns, "127.0.0.1:*")
	o.Logger = slog.New(slog.NewTextHandler(&s.journal, nil))
	f, err := feed.New(o)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { f.Close() })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed, s.options = f, o
}

// restart puts another feed in the place of the one there is, as a new process
// would: it goes on with the log if that was given, and else with an empty one.
func (s *site) restart() { s.Helper(); s.use(s.options) }

func (s *site) current() *feed.Feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.feed
}

// publish publishes the next numbered event.
func (s *site) publish() int { return s.publishPadded(0) }

// publishPadded publishes one with so many bytes that mean nothing.
func (s *site) publishPadded(size int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	if _, err := s.feed.Publish(context.Background(), "test", fmt.Appendf(nil, `{"n":%d,"pad":"%0*d"}`, s.last, size, 0)); err != nil {
		s.Errorf("publish: %v", err)
	}
	return s.last
}

// busy publishes five events a second until the test ends.
func (s *site) busy() { s.every(200*time.Millisecond, func() { s.publish() }) }

// every does something each time that so long has passed, until the test ends.
func (s *site) every(d time.Duration, do func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				do()
			case <-ctx.Done():
				return
			}
		}
	})
	s.Cleanup(func() {
		cancel()
		done.Wait()
	})
}
