package feed

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Ready serves 200 while the feed can serve clients, and 503 with the reason while
// it cannot: it has not reached its log, has lost it, or is draining. It is meant for the
// readiness check of a load balancer, so that new clients go to other processes.
func (f *Feed) Ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case f.leaving():
			http.Error(w, "draining", http.StatusServiceUnavailable)
		case !f.health.live.Load():
			http.Error(w, "the log cannot be read", http.StatusServiceUnavailable)
		default:
			w.Write([]byte("ready\n"))
		}
	})
}

// Alive serves 200 while the process does its work, and 503 with the reason when
// only a restart can help: the feed is closed, or its own goroutine that looks
// after the clients no longer runs. It is meant for a liveness check. It does not
// fail because the log cannot be read, or while the feed drains: a restart would
// help neither.
func (f *Feed) Alive() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case f.swept.tooLongAgo(time.Now()): // first: a feed that hangs may hold its lock
			http.Error(w, "the feed hangs", http.StatusServiceUnavailable)
		case f.isClosed():
			http.Error(w, "the feed is closed", http.StatusServiceUnavailable)
		default:
			w.Write([]byte("alive\n"))
		}
	})
}

// hangsAfter is how long a goroutine that works every second or more often may do
// nothing: longer than a machine that is overloaded or suspended for a moment
// makes it wait.
const hangsAfter = 30 * time.Second

// lastRun is when a goroutine last worked.
type lastRun struct{ at atomic.Int64 } // monotonic; 0 before the first time

func (r *lastRun) store(now time.Time) { r.at.Store(monotonic(now)) }

func (r *lastRun) tooLongAgo(now time.Time) bool { return elapsed(r.at.Load(), now) > hangsAfter }
