package page

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

func limits(t *testing.T, s *Sizer, bytes int, timeout time.Duration) {
	t.Helper()
	if b, d := s.Limits(); b != bytes || d != timeout {
		t.Fatalf("%d bytes in %v, want %d in %v", b, d, bytes, timeout)
	}
}

func TestSlowPagesShrinkAndQuickOnesGrow(t *testing.T) {
	var s Sizer
	limits(t, &s, store.PageBytes, 4*time.Second)
	s.arrived(501 * time.Millisecond)
	limits(t, &s, store.PageBytes/2, 4*time.Second)
	s.arrived(time.Second)
	limits(t, &s, store.PageBytes/4, 4*time.Second)
	s.arrived(500 * time.Millisecond) // neither slow nor quick
	s.arrived(125 * time.Millisecond)
	limits(t, &s, store.PageBytes/4, 4*time.Second)
	s.arrived(124 * time.Millisecond)
	limits(t, &s, store.PageBytes/2, 4*time.Second)
	for range 3 {
		s.arrived(0)
	}
	limits(t, &s, store.PageBytes, 4*time.Second)
}

// Whatever an event takes, it gets the time at last.
func TestTimeouts(t *testing.T) {
	var s Sizer
	for _, bytes := range []int{store.PageBytes / 8, store.PageBytes / 64, store.PageBytes / 512, store.PageBytes / 4096, 8, 1} {
		s.timedOut()
		limits(t, &s, bytes, 4*time.Second)
	}
	for _, seconds := range []time.Duration{8, 16, 32, 64, 120, 120} {
		s.timedOut()
		limits(t, &s, 1, seconds*time.Second)
	}
	s.arrived(time.Minute) // it arrived, slowly: the time stays
	limits(t, &s, 1, 2*time.Minute)
	s.arrived(time.Millisecond)
	limits(t, &s, 2, 4*time.Second)
}

// Only a deadline shrinks pages: clients come and go, and servers refuse.
func TestEnded(t *testing.T) {
	failed := errors.New("failed")
	began := time.Now().Add(-time.Second)
	over, cancel := context.WithDeadline(t.Context(), began)
	defer cancel()
	left, leave := context.WithCancel(t.Context())
	leave()
	for name, test := range map[string]struct {
		ctx   context.Context
		err   error
		bytes int
	}{
		"slow page":                    {t.Context(), nil, store.PageBytes / 2},
		"slow page after its deadline": {over, nil, store.PageBytes / 2},
		"deadline":                     {over, failed, store.PageBytes / 8},
		"reader that went away":        {left, failed, store.PageBytes},
		"refusal":                      {t.Context(), failed, store.PageBytes},
	} {
		t.Run(name, func(t *testing.T) {
			var s Sizer
			s.Ended(test.ctx, began, test.err)
			limits(t, &s, test.bytes, 4*time.Second)
		})
	}
}
