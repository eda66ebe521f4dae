package feed

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// counted is a log that counts what the feed asks of it.
type counted struct {
	*memory.Store
	reads atomic.Int64 // of pages
}

func (c *counted) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	c.reads.Add(1)
	return c.Store.After(ctx, id, limit)
}

// A herd that comes back to the same place reads the log once.
func TestReplaysAreShared(t *testing.T) {
	log := &counted{Store: memory.New(memory.Options{Events: 10_000})}
	s := serve(t, Options{Store: log, Ring: 10, AcceptRate: -1}).ready()
	ids := s.publish("cpu", 1, 3000)
	s.settle(ids[2999])
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			p := s.knowing(ids[0])
			p.readEvents(2999)
			p.expect(2, 3000)
		})
	}
	wg.Wait()
	if n := log.reads.Load(); n > 15 {
		t.Errorf("40 replays of 3 pages read the log %d times", n)
	}
}

func TestRefusalsCostTheStoreNothing(t *testing.T) {
	log := &counted{Store: memory.New(memory.Options{})}
	s := serve(t, Options{Store: log, AcceptRate: 1, Ring: 1}).ready()
	ids := s.publish("cpu", 1, 100)
	s.settle(ids[99])
	s.knowing(ids[99])
	before := log.reads.Load()
	refused := 0
	for range 20 {
		p := s.dial("wakesocket=1&after=nonsense")
		if err := p.tryRead(); err != nil {
			refused++
		}
	}
	if n := log.reads.Load() - before; refused < 15 || n > int64(20-refused)*2 {
		t.Errorf("%d refused, %d reads", refused, n)
	}
}

// Random advice is what keeps those who were refused from coming back together.
func TestAdviceIsRandom(t *testing.T) {
	s := serve(t, Options{AcceptRate: 1}).ready()
	s.knowing("")
	seen := map[string]bool{}
	for range 10 {
		if ce := s.dial("").closed(); ce.Code == wire.CloseTryLater {
			seen[ce.Reason] = true
		}
	}
	if len(seen) < 5 {
		t.Errorf("%v", seen)
	}
}

// A pong waits for one batch at most, however much is to be replayed.
func TestPongOvertakesReplay(t *testing.T) {
	s := serve(t, Options{Ring: 10_000, RingBytes: 1 << 30, Store: memory.New(memory.Options{Events: 10_000})}).ready()
	first := s.publish("cpu", 0, 0)
	fill := strings.Repeat("x", 8<<10)
	for n := range 2000 { // 16 MB
		if _, err := s.Publish(context.Background(), "cpu", fmt.Appendf(nil, `{"n":%d,"fill":"%s"}`, n, fill)); err != nil {
			t.Fatal(err)
		}
	}
	for _, plain := range []bool{false, true} {
		query := "wakesocket=1&after=" + first[0]
		if plain {
			query = "after=" + first[0]
		}
		conn, tcp := s.network(query)
		tcp.SetReadBuffer(64 << 10)
		conn.SetReadLimit(-1)
		if _, _, err := conn.Read(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := conn.Write(context.Background(), websocket.MessageText, []byte(wire.Ping)); err != nil {
			t.Fatal(err)
		}
		passed := 0
		for {
			_, data, err := conn.Read(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if string(data) == wire.Pong {
				break
			}
			passed += len(data)
		}
		if passed > 4<<20 {
			t.Errorf("plain %v: %d kB come before the pong", plain, passed>>10)
		}
		t.Logf("plain %v: %d kB come before the pong", plain, passed>>10)
		conn.CloseNow()
	}
}

// Clients that read nothing cost no more however much is published.
func TestSlowReadersHoldNoMemory(t *testing.T) {
	const stuck = 20
	s := serve(t, Options{Ring: 64, Store: memory.New(memory.Options{Events: 64}), AcceptRate: -1}).ready()
	var conns []net.Conn
	for range stuck {
		_, tcp := s.network("wakesocket=1")
		conns = append(conns, tcp)
	}
	publish := func(n int) {
		fill := []byte(`"` + strings.Repeat("x", 16<<10) + `"`)
		for range n {
			if _, err := s.Publish(context.Background(), "cpu", fill); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(200) // until all are stuck
	before := heapInUse()
	publish(1500) // 24 MB
	if more := heapInUse() - before; more > 8<<20 {
		t.Errorf("%d kB more for %d stuck clients", more>>10, stuck)
	}
	for _, conn := range conns {
		conn.Close()
	}
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// resettableLog is a log that can be emptied and begun anew, as one in Redis is by
// FLUSHALL.
type resettableLog struct {
	mu   sync.Mutex
	log  *memory.Store
	over chan struct{}
}

func newResettableLog() *resettableLog {
	return &resettableLog{log: memory.New(memory.Options{}), over: make(chan struct{})}
}

func (r *resettableLog) now() (*memory.Store, chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log, r.over
}

func (r *resettableLog) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.over)
	r.log, r.over = memory.New(memory.Options{}), make(chan struct{})
}

func (r *resettableLog) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (store.ID, error) {
	log, _ := r.now()
	return log.Publish(ctx, topic, data, options...)
}

func (r *resettableLog) Bounds(ctx context.Context) (store.Bounds, error) {
	log, _ := r.now()
	return log.Bounds(ctx)
}

func (r *resettableLog) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	log, _ := r.now()
	return log.After(ctx, id, limit)
}

func (r *resettableLog) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	log, over := r.now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-over:
			cancel()
		case <-ctx.Done():
		}
	}()
	return log.Follow(ctx, from, sink)
}

// Whoever is connected when the log begins anew is sent for a hello that tells the gap.
func TestLogBeginsAnew(t *testing.T) {
	log := newResettableLog()
	s := serve(t, Options{Store: log}).ready()
	ids := s.publish("cpu", 1, 3)
	s.settle(ids[2])
	idle, lagging := s.knowing(""), s.knowing(ids[0], "topic=rare")
	log.reset()
	for _, p := range []*peer{idle, lagging} {
		if ce := p.closed(); ce.Code != wire.CloseRestart || !hasAdvice(ce) {
			t.Fatalf("%+v", ce)
		}
	}
	first := s.publish("cpu", 4, 4)
	s.settle(first[0])
	back := s.knowing(ids[2])
	if gap := back.hello.Gap; gap == nil || gap.Reason != wire.GapEpoch || gap.Earliest != first[0] {
		t.Fatalf("%+v", back.hello)
	}
	back.readEvents(1)
	back.expect(4, 4)
	until(t, "both drops are logged", func() bool { return len(s.log.with("client dropped")) == 2 })
	for _, line := range s.log.with("client dropped") {
		if line["cause"] != causeEpoch {
			t.Errorf("%v", line)
		}
	}
}
