package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

const (
	// prices is how many there are, and priceChanges how often each changes in a second.
	prices       = 2000
	priceChanges = 2
	// marketTick is between two rounds of changes.
	marketTick = 25 * time.Millisecond
	// linkRate is that of each watcher's link, in bytes a second: a hundredth of what
	// all the prices need.
	linkRate = 20_000
)

// market has prices that change while somebody watches: over a feed, or over a
// plain WebSocket that gets all of them.
type market struct {
	feed  *feed.Feed
	plain plainWatchers
	names []string
	value []float64

	mu       sync.Mutex
	watchers int
	stop     context.CancelFunc // of the changes
	stopped  chan struct{}
}

func newMarket(proxies []netip.Prefix) (*market, error) {
	m := &market{}
	log := memory.New(memory.Options{Events: 4 * prices})
	// The feed of the dashboard is the one whose log lines are worth reading.
	quiet := slog.New(slog.DiscardHandler)
	fresh := map[string]time.Duration{"price.*": freshness}
	var err error
	if m.feed, err = feed.New(feed.Options{Store: log, Observer: marketObserver{market: m}, Logger: quiet, TrustedProxies: proxies, Fresh: fresh}); err != nil {
		return nil, err
	}
	for i := range prices {
		m.names = append(m.names, symbol(i))
		m.value = append(m.value, math.Exp(2+4*rand.Float64()))
	}
	slices.Sort(m.names)
	return m, nil
}

// symbol is the i-th name of three letters, each another.
func symbol(i int) string {
	n := (i*7919 + 4021) % (26 * 26 * 26)
	return string([]byte{'A' + byte(n/676), 'A' + byte(n/26%26), 'A' + byte(n%26)})
}

// watched counts a request as a watcher while it is served.
func (m *market) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.enter()
		defer m.leave()
		next.ServeHTTP(w, r)
	})
}

// marketObserver counts the clients of the feed as watchers.
type marketObserver struct {
	feed.NoObserver
	*market
}

func (o marketObserver) Connected(string)    { o.enter() }
func (o marketObserver) Disconnected(string) { o.leave() }

func (m *market) enter() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.watchers++; m.watchers > 1 {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	before, stopped := m.stopped, make(chan struct{})
	m.stop, m.stopped = stop, stopped
	go func() {
		defer close(stopped)
		if before != nil {
			<-before
		}
		m.run(ctx)
	}()
}

func (m *market) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.watchers--; m.watchers == 0 {
		m.stop()
	}
}

// run changes prices until the last watcher has left.
func (m *market) run(ctx context.Context) {
	tick := time.NewTicker(marketTick)
	defer tick.Stop()
	order := rand.Perm(prices)
	due := 0.0
	for at, began := 0, time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due += time.Since(began).Seconds() * prices * priceChanges
		began = time.Now()
		for ; due >= 1; due-- {
			err := m.change(ctx, order[at])
			if errors.Is(err, feed.ErrClosed) {
				return
			}
			if err != nil && ctx.Err() == nil {
				slog.Error("a price is not published", "error", err)
			}
			at = (at + 1) % prices
		}
	}
}

// change lets a price take a step, and tells everybody who watches it.
func (m *market) change(ctx context.Context, i int) error {
	m.value[i] *= math.Exp(rand.NormFloat64() * 0.0005)
	topic, data := "price."+m.names[i], fmt.Appendf(nil, "%.2f", m.value[i])
	if _, err := m.feed.Publish(ctx, topic, data); err != nil {
		return err
	}
	text, err := json.Marshal(price{topic, data, time.Now().UnixMilli()})
	if err != nil {
		return err
	}
	m.plain.send(text)
	return nil
}

// price is an event as the plain WebSocket sends it.
type price struct {
	Topic string          `json:"topic"`
	Data  json.RawMessage `json:"data"`
	Time  int64           `json:"time"` // ms since 1970
}

func (m *market) close() {
	_ = m.feed.Close()
	m.plain.close()
}
