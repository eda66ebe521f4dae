package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/feed/metrics"
	vitals "github.com/wakesocket/wakesocket/web/internal/metrics"
	"github.com/wakesocket/wakesocket/web/store"
)

// broadcast publishes this machine's readings to two feeds over one log: one for
// clients with a heartbeat, one for those without, which it never sends away for
// their silence. A restart replaces both.
type broadcast struct {
	open    func() (store.Store, error)
	proxies []netip.Prefix // that are believed
	run     string         // names this process in the events

	mu     sync.RWMutex // a restart against everybody else
	log    store.Store
	beats  *feed.Feed
	plain  *feed.Feed
	recent recent
	counts *metrics.Collector // of beats, over its restarts

	publishing sync.Mutex // the order of n is the order of the log
	n          uint64
}

func newBroadcast(open func() (store.Store, error), proxies []netip.Prefix) (*broadcast, error) {
	b := &broadcast{open: open, proxies: proxies, run: store.NewEpoch(), counts: metrics.New(nil)}
	log, err := open()
	if err != nil {
		return nil, err
	}
	b.log = log
	b.beats, b.plain, err = b.feeds(log)
	return b, err
}

// freshness is how old a reading may be before pages show it as stale: several
// times what the slowest probe needs.
const freshness = 3 * time.Second

// mutedTopic is the one that falls silent when the publisher is muted.
const mutedTopic = "cpu"

func (b *broadcast) feeds(log store.Store) (beats, plain *feed.Feed, err error) {
	fresh := map[string]time.Duration{}
	for _, topic := range []string{"cpu", "mem", "load", "net", "disk"} {
		fresh[topic] = freshness
	}
	if beats, err = feed.New(feed.Options{Store: log, Observer: b.counts, Fresh: fresh, TrustedProxies: b.proxies}); err != nil {
		return nil, nil, err
	}
	quiet := slog.New(slog.DiscardHandler) // both feeds would tell of the same log
	if plain, err = feed.New(feed.Options{Store: log, Silence: -1, Logger: quiet, TrustedProxies: b.proxies}); err != nil {
		_ = beats.Close()
		return nil, nil, err
	}
	return beats, plain, nil
}

// restart does what a restart of the process does to clients. With keep they are
// sent away in order and find the same log again; without, they are cut off and
// find a new one.
func (b *broadcast) restart(ctx context.Context, keep bool) error {
	b.mu.Lock()
	log, oldBeats, oldPlain := b.log, b.beats, b.plain
	err := func() (err error) {
		if !keep {
			if log, err = b.open(); err != nil {
				return err
			}
		}
		beats, plain, err := b.feeds(log)
		if err == nil {
			b.log, b.beats, b.plain = log, beats, plain
		}
		return err
	}()
	b.mu.Unlock()
	if err != nil {
		return err
	}
	if keep {
		both := sync.WaitGroup{}
		both.Go(func() { _ = oldBeats.Drain(ctx, 0) }) // whoever is left is closed below
		both.Go(func() { _ = oldPlain.Drain(ctx, 0) })
		both.Wait()
	}
	_ = oldBeats.Close()
	return oldPlain.Close()
}

// message is the data of every event.
type message struct {
	Run   string `json:"run"` // the process that counts n
	N     uint64 `json:"n"`   // 1, 2, 3 …: what is missing was lost
	T     int64  `json:"t"`   // ms since 1970, when it was read
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"` // why there is no value
}

func (b *broadcast) publish(ctx context.Context, topic string, value any, failure error) error {
	b.publishing.Lock()
	defer b.publishing.Unlock()
	m := message{Run: b.run, N: b.n + 1, T: time.Now().UnixMilli(), Value: value}
	if failure != nil {
		m.Value, m.Error = nil, failure.Error()
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	id, err := b.beats.Publish(ctx, topic, data)
	if err != nil {
		return err
	}
	b.n++
	b.recent.add(id, topic, data)
	return nil
}

// measure publishes the probes' readings until ctx ends, but for topics that are
// silent at the moment; the function that it returns waits for that end.
func (b *broadcast) measure(ctx context.Context, probes []vitals.Probe, silent func(topic string) bool) (wait func()) {
	var running sync.WaitGroup
	for _, p := range probes {
		running.Go(func() {
			ticker := time.NewTicker(p.Every)
			defer ticker.Stop()
			healthy := true
			for {
				value, failure := p.Read(ctx)
				var err error
				if !silent(p.Topic) {
					err = b.publish(ctx, p.Topic, value, failure)
				}
				if err != nil && healthy && ctx.Err() == nil {
					slog.Error("a reading was not published", "topic", p.Topic, "error", err)
				}
				healthy = err == nil
				select {
				case <-ticker.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return running.Wait
}

// current hands the request to the feed of the moment.
func (b *broadcast) current(pick func() http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.RLock()
		h := pick()
		b.mu.RUnlock()
		h.ServeHTTP(w, r)
	})
}

func (b *broadcast) drain(ctx context.Context, window time.Duration) error {
	b.mu.RLock()
	beats, plain := b.beats, b.plain
	b.mu.RUnlock()
	second := make(chan error, 1)
	go func() { second <- plain.Drain(ctx, window) }()
	err := beats.Drain(ctx, window)
	if other := <-second; err == nil {
		err = other
	}
	return err
}

func (b *broadcast) close() {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_ = b.beats.Close()
	_ = b.plain.Close()
}
