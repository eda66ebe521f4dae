// Package feed serves an event log to WebSocket clients: every event once and in
// order across losses of the connection, or a gap is reported.
//
// One ring holds the newest events of the log, each encoded once. A client is a
// cursor into the ring, not a queue: replay is reading from an old cursor, live is
// reading at the head, so no switch between the two can lose or repeat an event,
// and a slow client costs nothing. A client with a lag gets batches. A cursor that
// falls off the ring reads pages from the store; off the store, the client is told
// of the gap. An index by topic makes an event cost work only for the clients that
// want it.
package feed

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// Feed is an [net/http.Handler] that serves one log.
type Feed struct {
	options  Options
	ring     *ring
	pager    *pager
	memory   *budget
	health   health
	swept    lastRun
	wanting  *subscribers
	newest   *newest
	sampling *subscribers // clients that want only the newest events of some topics
	drops    *drops
	share    *share // nil when the log is followed as a whole
	lost     lostPositions
	hooks    *hooks
	gate     *gate
	origins  []originPattern
	closing  closings
	fresh    freshness
	revoked  revocations

	records    store.Recorder // nil when the store keeps none
	recordName string         // that of this feed's own record

	elsewhere elsewhere
	warnOnce  sync.Once // of forwarding headers that contradict each other

	mu       sync.Mutex
	clients  map[*client]struct{}
	latest   map[string]*client   // the newest connection of each client that has an id
	address  map[netip.Prefix]int // connections of each
	reserved int                  // connections, and handshakes on the way to be one
	all      []*client            // the clients as a slice, nil when it has to be made anew
	draining bool
	closed   bool

	reached chan struct{} // closed when the log is reached for the first time

	stop context.CancelFunc
	done sync.WaitGroup // the feed's own goroutines
	gone sync.WaitGroup // the clients'
	last atomic.Uint64  // number of the newest connection
	peak atomic.Int64   // the most clients there ever were
}

// firstReach is how long New waits for the store.
const firstReach = time.Second

// New returns a feed that follows the log of its store until Close. It waits a
// second at most for a store that cannot be reached, and goes on trying.
func New(options Options) (*Feed, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &Feed{
		options:  options,
		ring:     newRing(options.Ring, options.RingBytes),
		memory:   newBudget(options.BufferBytes),
		wanting:  newSubscribers(),
		sampling: newSubscribers(),
		drops:    newDrops(),
		clients:  map[*client]struct{}{},
		latest:   map[string]*client{},
		address:  map[netip.Prefix]int{},
		reached:  make(chan struct{}),
		stop:     stop,

		records:    recorderOf(options.Store.(shieldedStore)),
		recordName: store.NewEpoch(),
	}
	f.newest = newNewest(f.ring, options.RingBytes)
	f.pager = newPager(options.Store, options.StoreTimeout, f.memory)
	f.pager.topics = topicReaderOf(options.Store.(shieldedStore))
	if topicFollowerOf(options.Store.(shieldedStore)) != nil {
		f.ring.partial = true
		f.share = newShare(f.ring)
		f.done.Go(func() { f.share.tidy(ctx) })
	}
	f.hooks = &hooks{options: &f.options, slots: newSlots(hookSlots, hookSlotsPerAddress)}
	f.gate = newGate(options.AcceptRate, time.Now())
	f.fresh.topics = maps.Clone(options.Fresh)
	f.origins, _ = parseOriginPatterns(options.OriginPatterns) // they have been checked
	f.done.Go(func() { f.follow(ctx) })
	f.done.Go(func() { f.probe(ctx) })
	f.done.Go(func() { f.judge(ctx) })
	f.done.Go(func() { f.sweep(ctx) })
	if f.records != nil {
		f.done.Go(func() { f.writeRecords(ctx) })
	}
	// Who dials at once must not be sent away because the log is reached a moment later.
	// If it takes longer, the store is down: clients are told when to come back.
	select {
	case <-f.reached:
	case <-time.After(firstReach):
	}
	return f, nil
}

// Publish appends an event to the log and returns its id. It fails with
// [ErrInvalidTopic], [ErrInvalidEvent], [ErrTooLarge] or [ErrClosed], or with the
// error of the store, which is one of [store.ErrNotStored], [store.ErrStored] and
// [store.ErrOutcomeUnknown]. With a [store.IdempotencyKey] it is safe to publish
// again. The caller may use data again at once.
func (f *Feed) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (id string, err error) {
	if f.isClosed() {
		return "", ErrClosed
	}
	if err := f.check(topic, data); err != nil {
		return "", err
	}
	at, err := f.options.Store.Publish(ctx, topic, bytes.Clone(data), options...)
	if err != nil {
		f.options.Observer.StoreFailed(operationPublish)
		return "", err
	}
	return at.String(), nil
}

// spread is the window over which clients should come back after a loss, so that
// they come at the rate at which they are let in. It is counted from the most
// clients there ever were: those who connect first would else be told too little.
func (f *Feed) spread() time.Duration {
	if f.options.AcceptRate <= 0 {
		return 0
	}
	return min(maxSpread, time.Duration(float64(f.peak.Load())/f.options.AcceptRate*float64(time.Second)))
}

// later is a random advice within the spread, and within at least the given time.
func (f *Feed) later(least time.Duration, text string) string {
	return wire.Advice(rand.N(max(f.spread(), least)), text)
}

// snapshot returns the clients of this moment; the slice must not be changed.
func (f *Feed) snapshot() []*client {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = make([]*client, 0, len(f.clients))
		for c := range f.clients {
			f.all = append(f.all, c)
		}
	}
	return f.all
}

// Connected is the number of clients.
func (f *Feed) Connected() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.clients)
}

// Drain sends every client away, one by one over the window, and lets nobody in
// any more. Clients are told to come back at once, since another process should
// serve them by now; whoever comes back here is told to wait for the window to end. Drain returns
// when all have gone, or with the error of ctx when that ends first.
func (f *Feed) Drain(ctx context.Context, window time.Duration) error {
	f.mu.Lock()
	f.draining = true
	f.mu.Unlock()
	all := slices.Clone(f.snapshot())
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	begin := time.Now()
	for i, c := range all {
		due := begin.Add(window * time.Duration(i) / time.Duration(len(all)))
		select {
		case <-time.After(time.Until(due)):
			c.closeAfterWrite(causeDrain, wire.CloseRestart, wire.Advice(0, "draining"))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	gone := make(chan struct{})
	go func() {
		f.gone.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *Feed) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// Close drops every client and stops following the log. It does not close the
// store.
func (f *Feed) Close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	for _, c := range f.snapshot() {
		c.abort(causeShutdown)
	}
	f.gone.Wait()
	f.done.Wait()
	return nil
}
