package feed

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// health knows whether the feed has everything that is in its log. It asks the log
// for its end now and then, and waits for the ring to get there. A follower that
// fails, hangs or lags looks the same from here, whatever the reason.
type health struct {
	live atomic.Bool // clients may be told that they are live

	mu      sync.Mutex
	current time.Time // the feed had everything that was in the log at this moment
	asked   time.Time // when the log had its end at awaited; zero if that is settled
	awaited store.ID
}

const (
	probeEvery   = time.Second     // from one question for the end of the log to the next
	probeTimeout = 2 * time.Second // for the answer
	notLiveAfter = 4 * time.Second // without news, clients are told that they are not live
	judgeEvery   = 200 * time.Millisecond
	moveAfter    = 5 * time.Second  // not live: clients begin to be sent to another process
	moveWindow   = 30 * time.Second // in which each is sent once, on average
)

// await notes where the log ended when it was asked. A question that is not settled
// yet stays, or a feed that lags could never settle one.
func (h *health) await(asked time.Time, end, top store.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(top)
	if h.asked.IsZero() || h.awaited.Epoch != end.Epoch {
		h.asked, h.awaited = asked, end
		h.settle(top)
	}
}

// reached notes the newest event that the ring has.
func (h *health) reached(top store.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settle(top)
}

func (h *health) settle(top store.ID) {
	if h.asked.IsZero() || top.Epoch != h.awaited.Epoch || top.Compare(h.awaited) < 0 {
		return
	}
	if h.asked.After(h.current) {
		h.current = h.asked
	}
	h.asked = time.Time{}
}

// age is how old the newest proof is that the feed has everything.
func (h *health) age(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return now.Sub(h.current)
}

// begin is for the first time that the log is reached.
func (h *health) begin(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.current = now
	h.live.Store(true)
}

// probe asks the log for its end.
func (f *Feed) probe(ctx context.Context) {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		asked := time.Now()
		limited, cancel := context.WithTimeout(ctx, probeTimeout)
		bounds, err := f.options.Store.Bounds(limited)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			f.options.Observer.StoreFailed(operationBounds)
			continue
		}
		_, top, _ := f.ring.head()
		f.health.await(asked, bounds.Top, top)
	}
}

// judge tells the clients when the feed loses its log, and when it has it again.
func (f *Feed) judge(ctx context.Context) {
	select {
	case <-f.reached:
	case <-ctx.Done():
		return
	}
	ticker := time.NewTicker(judgeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.judgeAt(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

func (f *Feed) judgeAt(now time.Time) {
	age := f.health.age(now)
	live := age <= notLiveAfter
	if f.health.live.Swap(live) != live {
		f.options.Observer.LogLive(live)
		if live {
			f.options.Logger.Info("log can be read again; clients are told that they are live")
		} else {
			f.options.Logger.Error("log cannot be read up to its end; clients are told that they are not live. "+
				"Check the connection to the store", "not_current_for", age)
		}
		f.wakeAll()
	}
	if age > notLiveAfter+moveAfter {
		f.moveSome()
	}
}

// moveSome sends a few clients away: another process may be able to read the log.
// They go at random over a window, no faster than clients are let in elsewhere, so
// that no herd arrives there. While this process is the only one they are back at
// once, and wait here.
func (f *Feed) moveSome() {
	window := max(moveWindow, f.spread())
	for _, c := range f.snapshot() {
		if rand.N(window) < judgeEvery {
			c.closeAfterWrite(causeStore, wire.CloseRestart, wire.Advice(0, "the log cannot be read; another process may"))
		}
	}
}
