// Package page sizes the pages that are read from a log over a link of unknown
// speed, so that each arrives soon, and that however slow the link is, some arrive.
package page

import (
	"context"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

const (
	soon        = store.FollowInterval / 2 // a page that takes longer is too large
	baseTimeout = 4 * time.Second
	maxTimeout  = 2 * time.Minute
)

// Sizer holds the limits of the next page. The zero value begins with the largest
// page. Its methods may be called concurrently.
type Sizer struct {
	mu      sync.Mutex
	divisor int           // of [store.PageBytes]; 0 is 1
	timeout time.Duration // 0 is baseTimeout
}

// Limits returns how many bytes the next page may have, and how long it may take.
// A limit of 1 byte means a single event.
func (s *Sizer) Limits() (bytes int, timeout time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(1, store.PageBytes/max(1, s.divisor)), max(s.timeout, baseTimeout)
}

// Ended says that reading a page ended: it arrived, or a deadline of its context passed.
// A reader that goes away, and what a server refuses, tell nothing of the link.
func (s *Sizer) Ended(ctx context.Context, began time.Time, err error) {
	switch {
	case err == nil:
		s.arrived(time.Since(began))
	case ctx.Err() == context.DeadlineExceeded:
		s.timedOut()
	}
}

// arrived says that a page was read. Pages grow while they arrive quickly and
// shrink while they do not.
func (s *Sizer) arrived(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case took > soon:
		s.divisor = min(2*max(1, s.divisor), store.PageBytes)
	case took < soon/4:
		s.divisor /= 2
		s.timeout = 0
	}
}

// timedOut says that a page did not arrive in time. The next one is much smaller;
// when it is a single event already, it gets more time.
func (s *Sizer) timedOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.divisor >= store.PageBytes {
		s.timeout = min(2*max(s.timeout, baseTimeout), maxTimeout)
		return
	}
	s.divisor = min(8*max(1, s.divisor), store.PageBytes)
}
