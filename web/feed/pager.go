package feed

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wakesocket/wakesocket/web/store"
)

// pager reads the part of the log that the ring no longer has. Clients that come
// back together ask for the same pages, so a page is read once for all of them,
// and kept for those who come a moment later.
type pager struct {
	store   store.Store
	timeout time.Duration
	mean    func() int // size of an event, in bytes
	flight  singleflight.Group
	slots   chan struct{} // bounds the reads under way

	mu    sync.Mutex
	pages map[store.ID][]entry
	order []store.ID // oldest first
	bytes int
}

const (
	pageEvents = 1000
	pageBytes  = 256 << 10 // roughly: a stuck client holds one page
	cacheBytes = 16 << 20
	cachePages = 64
	pageReads  = 8
)

var errBusy = errors.New("feed: the store does not keep up with replays")

func newPager(s store.Store, timeout time.Duration, mean func() int) *pager {
	return &pager{store: s, timeout: timeout, mean: mean, slots: make(chan struct{}, pageReads), pages: map[store.ID][]entry{}}
}

// after returns the entries right after id; none at the end of the log.
func (p *pager) after(id store.ID) ([]entry, error) {
	p.mu.Lock()
	page, ok := p.pages[id]
	p.mu.Unlock()
	if ok {
		return page, nil
	}
	v, err := p.once(id.String(), func(ctx context.Context) (any, error) {
		limit := min(pageEvents, 1+pageBytes/max(1, p.mean()))
		events, err := p.store.After(ctx, id, limit)
		if err != nil {
			return nil, err
		}
		page := encodeAll(events)
		p.keep(id, page)
		return page, nil
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

func (p *pager) once(key string, read func(context.Context) (any, error)) (any, error) {
	v, err, _ := p.flight.Do(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
		defer cancel()
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		case <-ctx.Done():
			return nil, errBusy
		}
		return read(ctx)
	})
	return v, err
}

func (p *pager) keep(id store.ID, page []entry) {
	if len(page) == 0 {
		return // the end of the log moves on
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.pages[id]; ok {
		return
	}
	p.pages[id] = page
	p.order = append(p.order, id)
	p.bytes += sizeOf(page)
	for len(p.order) > cachePages || p.bytes > cacheBytes && len(p.order) > 0 {
		p.bytes -= sizeOf(p.pages[p.order[0]])
		delete(p.pages, p.order[0])
		p.order = p.order[1:]
	}
}

// forget drops every page; the log has a new epoch, or has been trimmed.
func (p *pager) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.pages)
	p.order, p.bytes = nil, 0
}

func sizeOf(page []entry) (n int) {
	for _, e := range page {
		n += len(e.frame)
	}
	return n
}
