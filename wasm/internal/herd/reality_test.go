package herd

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/native"
	"github.com/wakesocket/wakesocket/web/feed"
)

// TestTheModelAgainstReality cuts a thousand real clients off a real feed on
// loopback and compares their return with that of the model's.
func TestTheModelAgainstReality(t *testing.T) {
	const (
		clients = 1000
		window  = 2 * second
		rounds  = 2 // the first tells everybody how many they are
		patient = 60 * second
	)
	f, err := feed.New(feed.Options{AcceptRate: clients / window.Seconds(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var dials arrivals
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dials.add()
		f.ServeHTTP(w, r)
	}))
	connections := &cutter{Listener: server.Listener}
	server.Listener = connections
	server.Start()
	t.Cleanup(func() {
		f.Close()
		server.Close()
	})

	crowd := newCrowd(clients)
	for i := range clients {
		c, err := native.Connect(t.Context(), native.Options{URL: server.URL, OnState: crowd.state(i), OnEvent: crowd.event(i),
			OnGap: func(_ *native.Client, g native.Gap) { t.Errorf("client %d was told of a gap: %+v", i, g) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
	}
	crowd.await(t, patient, "all live", func() bool { return crowd.live == clients })
	published := 0
	publish := func() {
		published++
		if _, err := f.Publish(t.Context(), "n", fmt.Append(nil, published)); err != nil {
			t.Fatal(err)
		}
	}
	for range rounds {
		publish()
		crowd.await(t, patient, "the event at all", func() bool { return crowd.events == clients*published })
		dials.forget()
		connections.cut()
		publish()
		crowd.await(t, patient, "the event that was missed at all", func() bool { return crowd.events == clients*published })
		crowd.await(t, patient, "all live", func() bool { return crowd.live == clients })
	}
	if crowd.disorder != "" {
		t.Error(crowd.disorder)
	}

	attempts, peak := dials.sum()
	model := Run(Scenario{Clients: clients, server: clients, window: window, happens: all}, ours[1], 1)
	t.Logf("really %.3f attempts a client and %d at most in 100 ms; in the model %.3f and %d", attempts/clients, peak, model.Attempts, model.Peak)
	// The numbers are for who reads the log: on a busy machine timers come in bunches,
	// the feed turns some away, and dials that hang are made again. What holds
	// everywhere is that no herd comes.
	if attempts/clients > 6*model.Attempts {
		t.Errorf("%.3f attempts a client, the model has %.3f", attempts/clients, model.Attempts)
	}
	if peak > clients/2 {
		t.Errorf("%d of %d dials in 100 ms, the model has %d", peak, clients, model.Peak)
	}
}

// arrivals are the dials that a server saw, with their times.
type arrivals struct {
	mu sync.Mutex
	at []time.Time
}

func (a *arrivals) add() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
}

func (a *arrivals) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = nil
}

func (a *arrivals) sum() (all float64, peak int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	slots := map[time.Duration]int{}
	for _, at := range a.at {
		slot := at.Sub(a.at[0]) / peakWindow
		slots[slot]++
		peak = max(peak, slots[slot])
	}
	return float64(len(a.at)), peak
}

// cutter is a listener that can reset the connections it accepted.
type cutter struct {
	net.Listener
	mu       sync.Mutex
	accepted []*net.TCPConn
}

func (c *cutter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		c.mu.Lock()
		c.accepted = append(c.accepted, tcp)
		c.mu.Unlock()
	}
	return conn, err
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.accepted {
		conn.SetLinger(0)
		conn.Close()
	}
	c.accepted = nil
}

// crowd is what many clients are told.
type crowd struct {
	mu       sync.Mutex
	moved    chan struct{}
	isLive   []bool
	last     []int
	live     int
	events   int
	disorder string
}

func newCrowd(n int) *crowd {
	return &crowd{moved: make(chan struct{}, 1), isLive: make([]bool, n), last: make([]int, n)}
}

func (c *crowd) change(what func()) {
	c.mu.Lock()
	what()
	c.mu.Unlock()
	select {
	case c.moved <- struct{}{}:
	default:
	}
}

func (c *crowd) state(i int) func(*native.Client, native.State) {
	return func(_ *native.Client, s native.State) {
		c.change(func() {
			if is := s.Live(); is != c.isLive[i] {
				c.isLive[i] = is
				c.live += map[bool]int{true: 1, false: -1}[is]
			}
		})
	}
}

func (c *crowd) event(i int) func(*native.Client, native.Event) {
	return func(_ *native.Client, e native.Event) {
		c.change(func() {
			c.last[i]++
			c.events++
			if want := fmt.Sprint(c.last[i]); string(e.Data) != want {
				c.disorder = fmt.Sprintf("client %d got event %s, want %s", i, e.Data, want)
			}
		})
	}
}

func (c *crowd) await(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(limit)
	for {
		c.mu.Lock()
		done, live, events := ok(), c.live, c.events
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-c.moved:
		case <-timeout:
			t.Fatalf("not in time: %s; %d are live, %d events", what, live, events)
		}
	}
}
