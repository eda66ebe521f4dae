package feed

import (
	"fmt"

	"github.com/wakesocket/wakesocket/web/store"
)

// checkOrder returns an error unless the events come after the position and each
// other, in one epoch. The ring and the cursors of clients rely on it: an event that
// came twice would be sent twice, and one that came late would never be found.
func checkOrder(after store.ID, events []store.Event) error {
	for _, e := range events {
		if e.ID.Epoch != after.Epoch || e.ID.Compare(after) <= 0 {
			return fmt.Errorf("feed: the store gave event %s after %s; ids of a log must grow", e.ID, after)
		}
		after = e.ID
	}
	return nil
}

// orderedSink ends the following of a store at the first event that is out of
// order.
type orderedSink struct {
	store.Sink
	last store.ID
	err  error
	stop func()
}

func (s *orderedSink) Reset(top store.ID) {
	if s.err == nil {
		s.last = top
		s.Sink.Reset(top)
	}
}

func (s *orderedSink) Append(events []store.Event) {
	if s.err != nil {
		return
	}
	if s.err = checkOrder(s.last, events); s.err != nil {
		s.stop()
		return
	}
	if len(events) > 0 {
		s.last = events[len(events)-1].ID
	}
	s.Sink.Append(events)
}

// orderedShareSink is an [orderedSink] for some topics.
type orderedShareSink struct {
	orderedSink
	share store.ShareSink
}

func (s *orderedShareSink) Share(names []string, all bool, at store.ID) {
	if s.err == nil {
		s.share.Share(names, all, at)
	}
}
