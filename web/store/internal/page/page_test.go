package page

import (
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
	s.Arrived(501 * time.Millisecond)
	limits(t, &s, store.PageBytes/2, 4*time.Second)
	s.Arrived(time.Second)
	limits(t, &s, store.PageBytes/4, 4*time.Second)
	s.Arrived(500 * time.Millisecond) // neither slow nor quick
	s.Arrived(125 * time.Millisecond)
	limits(t, &s, store.PageBytes/4, 4*time.Second)
	s.Arrived(124 * time.Millisecond)
	limits(t, &s, store.PageBytes/2, 4*time.Second)
	for range 3 {
		s.Arrived(0)
	}
	limits(t, &s, store.PageBytes, 4*time.Second)
}

// Whatever an event takes, it gets the time at last.
func TestTimeouts(t *testing.T) {
	var s Sizer
	for _, bytes := range []int{store.PageBytes / 8, store.PageBytes / 64, store.PageBytes / 512, store.PageBytes / 4096, 8, 1} {
		s.TimedOut()
		limits(t, &s, bytes, 4*time.Second)
	}
	for _, seconds := range []time.Duration{8, 16, 32, 64, 120, 120} {
		s.TimedOut()
		limits(t, &s, 1, seconds*time.Second)
	}
	s.Arrived(time.Minute) // it arrived, slowly: the time stays
	limits(t, &s, 1, 2*time.Minute)
	s.Arrived(time.Millisecond)
	limits(t, &s, 2, 4*time.Second)
}
