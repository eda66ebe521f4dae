package feed

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestHealth(t *testing.T) {
	start := time.Now()
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	type step struct {
		second int
		end    int // the log ends here, 0 when it was not asked
		top    int // the ring has this
		age    int // seconds, afterwards
	}
	for name, steps := range map[string][]step{
		"quiet":                {{1, 5, 5, 0}, {2, 5, 5, 0}},
		"no answers":           {{1, 5, 5, 0}, {9, 0, 5, 8}},
		"lags and catches up":  {{1, 5, 5, 0}, {2, 9, 6, 1}, {3, 9, 8, 2}, {4, 12, 9, 2}, {5, 12, 12, 0}},
		"lags ever more":       {{1, 5, 5, 0}, {2, 9, 6, 1}, {3, 19, 7, 2}, {4, 29, 8, 3}},
		"lags a little always": {{1, 5, 4, 1}, {2, 6, 5, 1}, {3, 7, 6, 1}, {4, 8, 7, 1}},
		"further than the log": {{1, 5, 7, 0}},
	} {
		var h health
		h.begin(at(0))
		for i, s := range steps {
			if s.end > 0 {
				h.await(at(s.second), id(s.end), id(s.top))
			}
			h.reached(id(s.top))
			if got := h.age(at(s.second)); got != time.Duration(s.age)*time.Second {
				t.Errorf("%s: step %d: the age is %v, want %d s", name, i, got, s.age)
			}
		}
	}
	// A question about another epoch is settled by a reset only.
	var h health
	h.begin(at(0))
	other := store.ID{Epoch: "f", Major: 3}
	h.await(at(1), id(9), id(5))
	h.await(at(2), other, id(5))
	h.reached(id(99))
	if got := h.age(at(2)); got != 2*time.Second {
		t.Errorf("the age is %v", got)
	}
	if h.reached(other); h.age(at(2)) != 0 {
		t.Errorf("the age is %v", h.age(at(2)))
	}
}

// broken is a log that can be cut off, as by a network partition.
type broken struct {
	*memory.Store
	down atomic.Bool
	cut  chan struct{}
}

func newBroken() *broken {
	return &broken{Store: memory.New(memory.Options{}), cut: make(chan struct{})}
}

var errCut = errors.New("no route to the log")

func (b *broken) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	if b.down.Load() {
		return errCut
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-b.cut:
			cancel()
		case <-ctx.Done():
		}
	}()
	return b.Store.Follow(ctx, from, sink)
}

func (b *broken) Bounds(ctx context.Context) (store.Bounds, error) {
	if b.down.Load() {
		return store.Bounds{}, errCut
	}
	return b.Store.Bounds(ctx)
}

func (b *broken) After(ctx context.Context, id store.ID, n int) ([]store.Event, error) {
	if b.down.Load() {
		return nil, errCut
	}
	return b.Store.After(ctx, id, n)
}

// noted is an observer that keeps what it was told about the log.
type noted struct {
	NoObserver
	live       atomic.Bool
	read, sent atomic.Int64
	failed     sync.Map // operation → *atomic.Int64
}

func (n *noted) LogLive(live bool) { n.live.Store(live) }
func (n *noted) EventsRead(m int)  { n.read.Add(int64(m)) }
func (n *noted) EventsSent(m int)  { n.sent.Add(int64(m)) }

func (n *noted) StoreFailed(operation string) {
	count, _ := n.failed.LoadOrStore(operation, new(atomic.Int64))
	count.(*atomic.Int64).Add(1)
}

func (n *noted) failures(operation string) int64 {
	count, ok := n.failed.Load(operation)
	if !ok {
		return 0
	}
	return count.(*atomic.Int64).Load()
}

// Clients learn within 5 s that the feed cannot read its log, and learn by
// themselves when it can again.
func TestNotLiveWithoutALog(t *testing.T) {
	t.Parallel()
	log, seen := newBroken(), &noted{}
	s := serve(t, Options{Store: log, Observer: seen}).ready()
	ready := func() int {
		w := httptest.NewRecorder()
		s.Ready().ServeHTTP(w, httptest.NewRequest("GET", "/ready", nil))
		return w.Code
	}
	first := s.publish("cpu", 1, 1)
	s.settle(first[0])
	p, idle, plain := s.knowing(""), s.knowing("", "topic=rare"), s.dial("client=plain")
	plain.send("ping")
	plain.read()
	if !seen.live.Load() || ready() != http.StatusOK {
		t.Fatalf("live %v, ready %d", seen.live.Load(), ready())
	}
	log.down.Store(true)
	close(log.cut)
	for _, p := range []*peer{p, idle} {
		p.readUntil("it is told", func() bool { return len(p.positions) > 0 })
		if p.positions[0].Live {
			t.Fatalf("%+v", p.positions)
		}
	}
	if ce := plain.closed(); ce.Code != wire.CloseTryLater || !hasAdvice(ce) {
		t.Fatalf("a plain client: %+v", ce)
	}
	if seen.live.Load() || seen.failures(operationBounds) == 0 || seen.failures(operationFollow) == 0 || ready() != http.StatusServiceUnavailable {
		t.Errorf("live %v, ready %d, failures %d and %d", seen.live.Load(), ready(), seen.failures(operationBounds), seen.failures(operationFollow))
	}
	if len(s.log.with("log cannot be read up to its end; clients are told that they are not live. Check the connection to the store")) != 1 {
		t.Errorf("%s", s.log)
	}
	for _, after := range []string{"", first[0]} {
		if hello := s.knowing(after).hello; hello.Live || hello.Gap != nil {
			t.Errorf("a newcomer after %q: %+v", after, hello)
		}
	}
	if ce := s.dial("").closed(); ce.Code != wire.CloseTryLater || !hasAdvice(ce) {
		t.Errorf("a plain newcomer: %+v", ce)
	}
	// What is in the ring is served all the same.
	log.down.Store(false)
	last := s.publish("cpu", 2, 2)
	for _, p := range []*peer{p, idle} {
		p.readUntil("it is live again", func() bool { return p.positions[len(p.positions)-1].Live })
	}
	p.expect(2, 2)
	if at := idle.positions[len(idle.positions)-1]; at.Position != last[0] && at.Position != first[0] {
		t.Errorf("%+v", at)
	}
	if !seen.live.Load() || ready() != http.StatusOK || !s.knowing("").hello.Live {
		t.Error("it does not heal")
	}
	if seen.read.Load() != 2 || seen.sent.Load() < 2 {
		t.Errorf("%d events read, %d sent", seen.read.Load(), seen.sent.Load())
	}
}

// Clients of a feed without its log are told, and later sent to other processes, at
// random over a while.
func TestJudgement(t *testing.T) {
	if latest := notLiveAfter + judgeEvery; latest >= 5*time.Second {
		t.Errorf("clients are told after %v that the log cannot be read; 5 s are promised", latest)
	}
	seen := &noted{}
	f := &Feed{
		options: Options{Observer: seen, Logger: slog.New(slog.DiscardHandler)},
		clients: map[*client]struct{}{}, wanting: newSubscribers(), sampling: newSubscribers(),
	}
	for range 300 {
		f.clients[&client{feed: f, writing: true}] = struct{}{} // no writer is started
	}
	moved := func() (n int) {
		for c := range f.clients {
			if c.closing != nil {
				if c.closing.Code != wire.CloseRestart || c.cause != causeStore {
					t.Fatalf("%+v, %s", c.closing, c.cause)
				}
				n++
			}
		}
		return n
	}
	start := time.Now()
	f.health.begin(start)
	seen.LogLive(true)
	for _, step := range []struct {
		after time.Duration
		live  bool
	}{
		{0, true}, {notLiveAfter, true}, {notLiveAfter + 1, false}, {notLiveAfter + moveAfter, false},
	} {
		if f.judgeAt(start.Add(step.after)); f.health.live.Load() != step.live || seen.live.Load() != step.live || moved() != 0 {
			t.Fatalf("after %v: live %v, told %v, %d moved", step.after, f.health.live.Load(), seen.live.Load(), moved())
		}
	}
	for now := start.Add(notLiveAfter + moveAfter + 1); now.Before(start.Add(notLiveAfter + moveAfter + moveWindow)); now = now.Add(judgeEvery) {
		f.judgeAt(now)
	}
	if n := moved(); n < 150 || n > 230 { // 63 % of 300 are expected
		t.Errorf("%d of 300 moved in one window", n)
	}
	f.health.begin(start.Add(time.Minute))
	f.health.live.Store(false)
	if f.judgeAt(start.Add(time.Minute)); !seen.live.Load() {
		t.Error("it does not heal")
	}
}

// While the log cannot be read nobody is greeted as live; a plain client, which
// cannot be told, is not let in.
func TestNobodyIsGreetedAsLiveWithoutALog(t *testing.T) {
	s := serve(t, Options{}).ready()
	id := s.publish("cpu", 1, 1)[0]
	s.settle(id)
	s.stop() // the judge, who would find that the log can be read
	s.done.Wait()
	for _, healthy := range []bool{true, false} {
		s.health.live.Store(healthy)
		for _, after := range []string{"", id, "nonsense"} {
			from, err := s.resume(after, nil, false, false)
			if err != nil || from.live != (healthy && after != "nonsense") {
				t.Errorf("log %v, after %q: live %v, %v", healthy, after, from.live, err)
			}
			if _, err := s.resume(after, nil, true, false); (err == nil) != healthy {
				t.Errorf("log %v, after %q, a plain client: %v", healthy, after, err)
			}
		}
	}
}
