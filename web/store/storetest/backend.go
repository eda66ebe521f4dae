package storetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// Backend is a kind of store that needs a server.
type Backend struct {
	// Name is that of the server.
	Name string
	// Start starts a server.
	Start func(arguments ...string) (*Server, error)
	// Durable are arguments with which a server keeps what it has acknowledged,
	// through a crash.
	Durable []string
	// Slow says that a server takes seconds to start.
	Slow bool
	// Open opens the log with a name on the server at a URL, as another process would.
	Open func(url, name string, log Log) (store.Store, error)

	server *Server // for the tests that do not harm it
	logs   atomic.Int64
}

// Log are the limits of a log; zero values are the store's defaults.
type Log struct {
	Events int
	Age    time.Duration
}

// Main runs the tests of a package beside one server. Where the server is not
// installed they are skipped, with a message, but never in CI.
//
// Tests whose names hold "WithoutServer" also run where there is no server, and
// -run WithoutServer starts none.
func (b *Backend) Main(m *testing.M) {
	const serverless = "WithoutServer"
	flag.Parse()
	if flag.Lookup("test.run").Value.String() == serverless {
		os.Exit(m.Run())
	}
	server, err := b.Start()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		fmt.Printf("SKIPPED: most tests of the %s store, since its server is not installed (e2e/needs.sh installs it)\n", b.Name)
		flag.Set("test.run", serverless)
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	b.server = server
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

// Beside has the tests share the server of another backend, whose names are others.
func (b *Backend) Beside(other *Backend) {
	b.server = other.server
	b.logs.CompareAndSwap(0, 1<<20)
}

// Shared is the server that the tests of the package share.
func (b *Backend) Shared() *Server { return b.server }

// URL is that of the server that the tests of the package share.
func (b *Backend) URL() string { return b.server.URL }

// Address is the "host:port" of the shared server.
func (b *Backend) Address(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(b.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// Server starts a server for a test that harms it. Where that takes long, the test
// is skipped with -short.
func (b *Backend) Server(t testing.TB, arguments ...string) *Server {
	t.Helper()
	if testing.Short() && b.Slow {
		t.Skip("a server of its own takes long")
	}
	s, err := b.Start(arguments...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}

// NewName returns a name that no log has yet.
func (b *Backend) NewName() string { return fmt.Sprintf("log_%d", b.logs.Add(1)) }

// Reopen opens a log until the test ends.
func (b *Backend) Reopen(t testing.TB, url, name string, log Log) store.Store {
	t.Helper()
	s, err := b.Open(url, name, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Close(s) })
	return s
}

// New opens a new log on the shared server, and returns its name.
func (b *Backend) New(t testing.TB, log Log) (s store.Store, name string) {
	t.Helper()
	name = b.NewName()
	return b.Reopen(t, b.server.URL, name, log), name
}

// Close closes a store if it can be closed.
func Close(s store.Store) {
	if closer, ok := s.(interface{ Close() error }); ok {
		closer.Close()
	}
}

// Run runs the whole suite and the faults that a server may have, besides
// [Backend.RunOutages].
func (b *Backend) Run(t *testing.T) {
	Run(t, b.newLog)
	t.Run("Close", func(t *testing.T) {
		s, _ := b.New(t, Log{})
		Publish(t, s, 1)
		Close(s)
		_, err := s.Publish(context.Background(), "count", []byte(`1`))
		if !errors.Is(err, store.ErrClosed) || !errors.Is(err, store.ErrNotStored) {
			t.Fatalf("%v", err)
		}
	})
	b.following(t)
}

// RunFollowing runs the part of it in which somebody follows the log.
func (b *Backend) RunFollowing(t *testing.T) {
	RunFollowing(t, b.newLog)
	b.following(t)
}

func (b *Backend) newLog(t testing.TB, events int) func() store.Store {
	name := b.NewName()
	return func() store.Store { return b.Reopen(t, b.server.URL, name, Log{Events: events}) }
}

func (b *Backend) following(t *testing.T) {
	t.Run("FollowEndsAtOnce", func(t *testing.T) {
		s, _ := b.New(t, Log{})
		sink := NewSink()
		stop := sink.Follow(t, s, Publish(t, s, 1))
		Publish(t, s, 2)
		sink.Await(t, 1)
		began := time.Now()
		stop()
		if took := time.Since(began); took > time.Second {
			t.Fatalf("it takes %v", took)
		}
	})
	t.Run("Age", func(t *testing.T) {
		s, _ := b.New(t, Log{Age: time.Millisecond})
		old := Publish(t, s, 1)
		Publish(t, s, 2)
		sink := NewSink()
		defer sink.Follow(t, s, store.ID{})()
		sink.AwaitTrim(t, old)
		before := store.ID{Epoch: old.Epoch, Major: old.Major - 1, Minor: old.Minor}
		WantGap(t, s, before, store.Trimmed)
	})
	if testing.Short() {
		return
	}
	t.Run("DownAtStart", func(t *testing.T) {
		server := b.Server(t)
		server.Kill()
		DownAtStart(t, b.Reopen(t, server.URL, b.NewName(), Log{}), func() {
			if err := server.Start(); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("SlowLink", func(t *testing.T) { slowLink(t, b) })
}

// RunOutages takes the log away from a feed and gives it back. It measures memory, so
// nothing else is to run meanwhile.
func (b *Backend) RunOutages(t *testing.T) {
	if testing.Short() {
		t.Skip("an outage takes long")
	}
	t.Run("Crash", func(t *testing.T) {
		server := b.Server(t, b.Durable...)
		Outage(t, b.Reopen(t, server.URL, b.NewName(), Log{}), server.Kill, func() {
			if err := server.Start(); err != nil {
				t.Error(err)
			}
		})
	})
	// A firewall that forgets a connection sends nothing at all.
	t.Run("BlackHole", func(t *testing.T) {
		proxy := NewProxy(t, b.Address(t))
		Outage(t, b.Reopen(t, strings.Replace(b.URL(), b.Address(t), proxy.Address, 1), b.NewName(), Log{}), proxy.Swallow, proxy.Heal)
	})
}

// slowLink follows large events over a link that takes seconds for each page.
func slowLink(t *testing.T, b *Backend) {
	const rate, size, total = 400 << 10, 64 << 10, 24 // 1.5 MiB: four seconds
	writer, name := b.New(t, Log{})
	from := Publish(t, writer, 0)
	for range total {
		if _, err := writer.Publish(context.Background(), "big", []byte(`"`+strings.Repeat("x", size)+`"`)); err != nil {
			t.Fatal(err)
		}
	}
	proxy := NewProxy(t, b.Address(t))
	proxy.Throttle(rate)
	s := b.Reopen(t, strings.Replace(b.URL(), b.Address(t), proxy.Address, 1), name, Log{})
	sink := NewSink()
	defer sink.Follow(t, s, from)()
	sink.Await(t, total)
	if most := sink.MostBytes(); most > store.PageBytes {
		t.Errorf("%d bytes came at once", most)
	}
}
