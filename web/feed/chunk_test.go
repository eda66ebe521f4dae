package feed

import (
	"context"
	"errors"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// sparse is a log that has only some of its numbers, and is read only from those on.
type sparse struct {
	*book
	step int
}

func (s sparse) After(ctx context.Context, after store.ID, limit int) (events []store.Event, err error) {
	if after.Major%uint64(s.step) != 0 {
		s.reads = append(s.reads, limit)
		return nil, &store.GapError{Reason: store.Future}
	}
	all, err := s.book.After(ctx, after, limit*s.step)
	for _, e := range all {
		if e.ID.Major%uint64(s.step) == 0 {
			events = append(events, e)
		}
	}
	return events, err
}

// The part of the log before a position is read in pages that begin at round numbers, so
// that those who go back from different positions share them.
func TestChunksOfTheLog(t *testing.T) {
	for _, test := range []struct {
		end, floor, step, pages int
		start, events, reads    int
	}{
		{1001, 0, 1, 5, 1000, 1, 1},
		{1000, 0, 1, 5, 0, 1000, 1},
		{999, 0, 1, 5, 0, 999, 1},
		{2500, 0, 1, 5, 2000, 500, 1},
		{2500, 2000, 1, 5, 2000, 500, 1},
		{2500, 2100, 1, 5, 2100, 400, 1},
		{2500, 1900, 1, 5, 2000, 500, 1},
		{2500, 2500, 1, 5, 2500, 0, 1}, // the page after it holds what is not wanted
		{1200, 7, 7, 5, 7, 170, 2},     // 1000 is no number of the log
		{5000, 7, 7, 5, 7, 713, 2},
		{30000, 7, 7, 6, 30000, 0, 6}, // too much lies in between
		{30000, 7, 7, 7, 7, 4284, 7},
	} {
		log := &book{last: 30_000}
		f := &Feed{}
		f.pager = newPager(sparse{log, test.step}, patience, newBudget(1<<30))
		start, chunk, read, err := f.chunk(id(test.end), id(test.floor), test.pages)
		if err != nil || start != id(test.start) || read != test.reads {
			t.Errorf("%+v: from %v, %d reads, %v", test, start, read, err)
		}
		if len(chunk) != test.events && start != id(test.end) {
			t.Errorf("%+v: %d events", test, len(chunk))
		}
	}
	// A floor that the log does not have either is an error, and no endless loop.
	f := &Feed{}
	f.pager = newPager(sparse{&book{last: 100}, 7}, patience, newBudget(1<<30))
	if _, _, read, err := f.chunk(id(50), id(5), 5); err == nil || read != 1 {
		t.Errorf("%d reads, %v", read, err)
	}
	// Numbers of Redis are no count, so no round one is tried.
	end := id(2500)
	end.Minor = 3
	f.pager = newPager(&book{last: 2600}, patience, newBudget(1<<30))
	if start, chunk, _, err := f.chunk(end, id(1700), 5); err != nil || start != id(1700) || len(chunk) != 800 {
		t.Errorf("from %v, %d events, %v", start, len(chunk), err)
	}
}

func TestLater(t *testing.T) {
	for _, test := range []struct{ a, b, want store.ID }{
		{id(1), id(2), id(2)}, {id(2), id(1), id(2)}, {id(0), store.ID{}, id(0)}, {id(1), afterHead(id(1)), afterHead(id(1))},
	} {
		if got := later(test.a, test.b); got != test.want {
			t.Errorf("later(%v, %v) is %v", test.a, test.b, got)
		}
	}
}

// A position of a log without holes is proved by one page, however much comes after it.
func TestProofIsOneRead(t *testing.T) {
	log := &book{last: 20_000}
	f := &Feed{ring: newRing(10, 1<<20), options: Options{Store: log}}
	f.pager = newPager(log, patience, newBudget(1<<30))
	if err := f.prove(id(100), newFilter([]string{"none"}, &access{}).names); err != nil || len(log.reads) != 1 {
		t.Errorf("%v after %d reads", err, len(log.reads))
	}
	lost := errors.New("no route to the log")
	f.pager = newPager(fails{log, lost}, patience, newBudget(1<<30))
	if err := f.prove(id(101), nil); !errors.Is(err, lost) {
		t.Errorf("%v", err)
	}
}

type fails struct {
	*book
	err error
}

func (f fails) After(context.Context, store.ID, int) ([]store.Event, error) { return nil, f.err }
