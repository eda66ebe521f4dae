package nats_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// unbroken is a sink of numbered events, which come without a hole unless it is reset.
type unbroken struct {
	shareLog
	t *testing.T
}

func (u *unbroken) Append(events []store.Event) {
	u.shareLog.Append(events)
	numbers, _ := u.numbers()
	for i := max(1, len(numbers)-len(events)); i < len(numbers); i++ {
		if numbers[i] != numbers[i-1]+1 {
			u.t.Errorf("%d comes after %d", numbers[i], numbers[i-1])
		}
	}
}

// Bursts of a topic are larger than its limit: events are dropped before a follower has
// got them, and it is told of each gap.
func TestBurstsAboveTheLimit(t *testing.T) {
	t.Parallel()
	name := backend.NewName()
	s := openShared(t, name, nats.Options{Events: 1_000_000, EventsPerTopic: 50})
	sink := &unbroken{t: t}
	defer followShare(t, s, store.ID{}, newFixedShare("count"), sink)()
	storetest.Eventually(t, "the share is followed", func() bool { return sink.follows("count") })
	n := 0
	for range 300 {
		for range 20 + rand.IntN(60) {
			n++
			if err := s.Conn().Publish(name+".count", fmt.Appendf(nil, "%d", n)); err != nil {
				t.Fatal(err)
			}
		}
		s.Conn().Flush()
		time.Sleep(time.Duration(rand.IntN(6)) * time.Millisecond)
	}
	last := n
	storetest.Eventually(t, "a later event is there", func() bool { // a reset may pass some over
		n++
		s.Publish(t.Context(), "count", fmt.Appendf(nil, "%d", n))
		numbers, _ := sink.numbers()
		return len(numbers) > 0 && numbers[len(numbers)-1] > last
	})
	_, resets := sink.numbers()
	t.Logf("%d events, %d gaps told", n, resets)
}
