package feed

import (
	"slices"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

const (
	historyDefault = 100       // events of an answer when the client names no limit
	historyEvents  = 1000      // events of one answer at most
	historyBytes   = 256 << 10 // of one answer, unless a single event is larger
	historyPages   = 16        // of the log that one answer reads at most
)

// search looks for the newest events with some names, from a position on
// backwards: in the ring, and before that in pages of the log.
type search struct {
	filter filter   // names that are looked for
	after  store.ID // only later events; zero for all that the log has
	before store.ID // only earlier events
	each   int      // events of each topic; 0 for any number
	events int      // events in all
	bytes  int

	found    []entry  // newest first
	from     store.ID // every event after this position that was asked for is found
	complete bool     // the log has none before that

	counts map[string]int // of found, by topic
	full   bool           // events or bytes are used up
}

// take adds an event that comes before those that were found. It returns false
// when there is no room for it.
func (s *search) take(e *entry) bool {
	if e.frame == nil || s.each > 0 && s.counts[e.topic] >= s.each {
		return true
	}
	s.bytes -= len(e.frame)
	if len(s.found) >= s.events || s.bytes < 0 && len(s.found) > 0 {
		s.full, s.from = true, e.id
		return false
	}
	s.counts[e.topic]++
	s.found = append(s.found, *e)
	return true
}

// done reports whether nothing more is to be found.
func (s *search) done() bool {
	if s.full || s.complete {
		return true
	}
	if s.each == 0 || s.filter.names == nil {
		return false
	}
	for name := range s.filter.names {
		if wire.IsPattern(name) || s.counts[name] < s.each {
			return false
		}
	}
	return true
}

// narrow drops what may not be read.
func (s *search) narrow(mayRead func(topic string) bool) {
	s.found = slices.DeleteFunc(s.found, func(e entry) bool { return !mayRead(e.topic) })
}

// history searches the ring, and then the log for what the ring no longer has.
// Between two pages it calls pause, which ends it by returning false.
func (f *Feed) history(s *search, pause func() bool) error {
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	if f.ring.search(s); s.done() {
		return nil
	}
	if f.pager.topics != nil && s.filter.names != nil {
		return f.historyOfTopics(s, pause)
	}
	bounds, err := f.pager.bounds()
	if err != nil || f.pager.topics != nil && bounds.Base == bounds.Top { // the log has holes
		return err
	}
	floor := later(bounds.Base, s.after)
	for pages := historyPages; !s.done() && pause(); {
		if s.complete = s.from.Epoch == floor.Epoch && s.from.Compare(floor) <= 0; s.complete {
			break
		}
		if s.from.Epoch != floor.Epoch {
			return errNotLive // the log has a new epoch
		}
		start, chunk, read, err := f.chunk(s.from, floor, pages)
		if err != nil {
			return err
		}
		if pages -= read; start == s.from {
			break // too much of the log lies in between
		}
		s.takeChunk(start, chunk)
	}
	return nil
}

// takeChunk takes what the log has after start and up to s.from.
func (s *search) takeChunk(start store.ID, chunk []entry) {
	for i := len(chunk) - 1; i >= 0; i-- {
		e := &chunk[i]
		if e.id.Compare(s.before) < 0 && s.filter.has(e.topic) && !s.take(e) {
			return
		}
	}
	s.from = start
}

// chunk reads what the log has up to end, and after a start that is about a page
// before that but not before floor. The start is end when more than so many pages
// would have to be read.
func (f *Feed) chunk(end, floor store.ID, pages int) (start store.ID, chunk []entry, read int, err error) {
	start = floor
	// Most logs count their events. Where there is none with this number, the log
	// says so, and is read from the floor on.
	if last := end.Major - 1; end.Minor == 0 {
		start = later(floor, store.ID{Epoch: end.Epoch, Major: last - last%pageEvents})
	}
	for at := start; read < pages; {
		page, err := f.pager.after(at)
		read++
		if _, gap := store.AsGap(err); gap && at == start && start != floor {
			start, at = floor, floor
			continue
		}
		if err != nil {
			return end, nil, read, err
		}
		for _, e := range page {
			if e.id.Compare(end) > 0 {
				return start, chunk, read, nil
			}
			chunk = append(chunk, e)
		}
		if len(page) == 0 || chunk[len(chunk)-1].id == end {
			return start, chunk, read, nil
		}
		at = chunk[len(chunk)-1].id
	}
	return end, nil, read, nil
}

// later is b if it comes after a, and else a. Zero comes after nothing.
func later(a, b store.ID) store.ID {
	if b.Compare(a) > 0 {
		return b
	}
	return a
}

// search takes what the ring has.
func (r *ring) search(s *search) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s.from = s.before
	begin, ok := r.beginOfLocked(s.filter.names)
	if !ok || s.before.Epoch != begin.Epoch || s.before.Compare(begin) <= 0 {
		return
	}
	for _, seq := range r.candidates(s) {
		e := r.slot(seq)
		if e.id.Compare(begin) <= 0 {
			break
		}
		if e.id.Compare(s.after) <= 0 {
			s.from, s.complete = s.after, true
			return
		}
		if e.id.Compare(s.before) < 0 && !s.take(e) {
			return
		}
	}
	s.from, s.complete = later(begin, s.after), begin.Compare(s.after) <= 0
}

// candidates are the entries of the ring that have one of the names, newest first.
func (r *ring) candidates(s *search) (seqs []uint64) {
	if s.filter.names == nil {
		for seq := r.first; seq < r.next; seq++ {
			seqs = append(seqs, seq)
		}
	}
	for name := range s.filter.names {
		if l := r.index[name]; l != nil {
			seqs = append(seqs, l.seqs...)
		}
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	slices.Reverse(seqs)
	return seqs
}
