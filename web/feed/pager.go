package feed

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wakesocket/wakesocket/web/store"
)

// pager reads the part of the log that the ring no longer has. Clients that come
// back together ask for the same pages, so a page is read once for all of them,
// and kept for those who come a moment later. Clients do not hold pages: whoever
// finds that its page is gone reads again from its own position.
type pager struct {
	store   store.Store
	topics  store.TopicReader // nil unless the store drops events in the middle of its log
	timeout time.Duration
	memory  *budget
	flight  singleflight.Group
	slots   chan struct{} // bounds the reads under way
	slow    atomic.Int32  // reads in a row that took too long

	mu     sync.Mutex
	pages  map[pageKey]*list.Element // of *page
	recent *list.List                // used last first
	bytes  int
}

// page is a part of the log, encoded.
type page struct {
	key     pageKey
	entries []entry
	size    int
}

const (
	pageEvents  = 1000
	pageReads   = 8
	maxSlow     = 10  // pageEvents >> 10 is 0: one event a read
	eventBytes  = 128 // what an event takes beside its frame, about
	cacheShare  = 2   // the part of the budget that pages may use: one half
	longestRead = 12  // times the time limit, for a single event on a slow link
)

var errBusy = errors.New("feed: the store does not keep up with replays")

func newPager(s store.Store, timeout time.Duration, memory *budget) *pager {
	return &pager{
		store: s, timeout: timeout, memory: memory, slots: make(chan struct{}, pageReads),
		pages: map[pageKey]*list.Element{}, recent: list.New(),
	}
}

// cached returns a page if it is at hand.
func (p *pager) cached(key pageKey) []entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.pages[key]
	if !ok {
		return nil
	}
	p.recent.MoveToFront(e)
	return e.Value.(*page).entries
}

// after returns the entries right after id; none at the end of the log.
func (p *pager) after(id store.ID) ([]entry, error) {
	if entries := p.cached(pageKey{after: id}); entries != nil {
		return entries, nil
	}
	v, err := p.once(id.String(), func(ctx context.Context) (any, error) {
		events, err := p.store.After(ctx, id, p.pageLimit())
		if err != nil {
			return nil, err
		}
		entries := encodeAll(events)
		p.keep(pageKey{after: id}, entries)
		return entries, nil
	})
	if err != nil {
		return nil, err
	}
	return v.([]entry), nil
}

// bounds asks the store what it holds.
func (p *pager) bounds() (store.Bounds, error) {
	v, err := p.once("bounds", func(ctx context.Context) (any, error) {
		return p.store.Bounds(ctx)
	})
	if err != nil {
		return store.Bounds{}, err
	}
	return v.(store.Bounds), nil
}

// once reads for all who ask the same at this moment. A read that takes too long
// makes the next one smaller, and gives it more time: otherwise a slow link would
// never bring a page of large events. The read has a goroutine of its own: the
// stack that it needs would stay with the client's. A store that does not return
// when its context ends is not waited for.
func (p *pager) once(key string, read func(context.Context) (any, error)) (any, error) {
	given := p.limit() + p.timeout
	ended := p.flight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), p.limit())
		defer cancel()
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		case <-ctx.Done():
			return nil, errBusy
		}
		v, err := read(ctx)
		switch slow := p.slow.Load(); {
		case err != nil && ctx.Err() != nil:
			p.slow.CompareAndSwap(slow, min(slow+1, maxSlow))
		case err == nil && slow > 0:
			p.slow.CompareAndSwap(slow, slow-1)
		}
		return v, err
	})
	tooLong := time.NewTimer(given)
	defer tooLong.Stop()
	select {
	case result := <-ended:
		return result.Val, result.Err
	case <-tooLong.C:
		return nil, errBusy
	}
}

// pageLimit is how many events a read may bring.
func (p *pager) pageLimit() int { return max(1, pageEvents>>p.slow.Load()) }

// limit is how long a read may take.
func (p *pager) limit() time.Duration {
	return p.timeout * time.Duration(min(1+int(p.slow.Load()), longestRead))
}

// keep puts a page into the cache, in place of those that were not used for the
// longest time.
func (p *pager) keep(key pageKey, entries []entry) {
	if len(entries) == 0 {
		return // the end of the log moves on
	}
	size := sizeOf(entries)
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.pages[key]; ok {
		return
	}
	for p.bytes+size > int(p.memory.max)/cacheShare || !p.memory.take(size) {
		if p.recent.Len() == 0 {
			return
		}
		p.drop(p.recent.Back())
	}
	p.bytes += size
	p.pages[key] = p.recent.PushFront(&page{key, entries, size})
}

func (p *pager) drop(e *list.Element) {
	page := p.recent.Remove(e).(*page)
	delete(p.pages, page.key)
	p.bytes -= page.size
	p.memory.give(page.size)
}

// forget drops every page: the log has a new epoch.
func (p *pager) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.recent.Len() > 0 {
		p.drop(p.recent.Back())
	}
}

// trim drops the pages that begin before base: what they hold is gone from the log.
func (p *pager) trim(base store.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for e := p.recent.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*page).key.after.Compare(base) < 0 {
			p.drop(e)
		}
		e = next
	}
}

func sizeOf(entries []entry) (n int) {
	for i := range entries {
		n += entries[i].size() + eventBytes
	}
	return n
}
