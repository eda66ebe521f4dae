package feed_test

import (
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// walk has clients hop between three feeds that follow their shares.
func walk(t *testing.T, limit, ring, steps int, everything bool) (gaps, sent int) {
	log, open := feed.NewDividedLog(limit)
	w := &storetest.Walk{Log: log, Pace: time.Millisecond, Burst: 60, Everything: everything}
	for range 3 {
		_, url := storetest.Serve(t, feed.Options{Store: open(), Ring: ring})
		w.Feeds = append(w.Feeds, url)
	}
	return w.Run(t, storetest.Steps(steps))
}

// Clients hop between three feeds, each of which follows its share, and change their
// topics. Each gets every event of its topics once and in order, and of others the newest.
// No topic loses events, so there is no gap.
func TestSharesHaveNoHole(t *testing.T) {
	for _, ring := range []int{1000, 20} {
		gaps, sent := walk(t, 1_000_000, ring, 600, false)
		t.Logf("ring of %d: %d times a client was sent away", ring, sent)
		if gaps > 0 {
			t.Errorf("ring of %d: %d gaps", ring, gaps)
		}
	}
}

// The same with clients that want every topic, and topics that lose events: then a gap
// is told.
func TestSharesTellGaps(t *testing.T) {
	gaps, sent := walk(t, 5, 20, 1000, true)
	if gaps == 0 {
		t.Error("the test should see gaps")
	}
	t.Logf("%d gaps; %d times a client was sent away", gaps, sent)
}
