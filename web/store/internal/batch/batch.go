// Package batch gathers what many publishers want into few commits.
package batch

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// Item is one event on its way into a log. The commit sets ID or Err.
type Item struct {
	Topic string
	Data  []byte
	Key   string // idempotency key, or ""
	ID    store.ID
	Err   error

	state atomic.Int32
	done  chan struct{}
}

// states of an item
const (
	waiting    = iota
	committing // the data belong to the commit
	abandoned  // by the publisher: the data are gone
)

// Batcher runs one commit at a time. What is published meanwhile makes the next batch:
// nothing waits for company, and under load the batches are large.
type Batcher struct {
	commit func(context.Context, []*Item)
	queue  chan *Item
	most   int // bytes of the next batch
	closed context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup

	sync     func() error   // nil: a commit is all that it takes
	syncing  sync.WaitGroup // for the one sync that is under way
	syncTook atomic.Int64   // nanoseconds, the last time
}

const (
	queueLength = 1024          // items; more publishers wait outside
	maxItems    = 512           // of a batch
	maxUnsynced = 16 * maxItems // of batches that share a sync

	slowest  = 64 << 10  // bytes a second of the slowest link
	minBytes = 256 << 10 // of a batch on a link of unknown speed
	maxBytes = 4 << 20   // of a batch on a link that is known to be quick
	soon     = time.Second
)

// Limit bounds a commit: by the timeout of the store, and the time that a small batch,
// or one large event, takes on the slowest link. Larger batches are sent on quick
// links only, so that a dead connection is noticed soon whatever it was carrying.
func Limit(ctx context.Context, timeout time.Duration, items []*Item) (context.Context, context.CancelFunc) {
	size, largest := 0, minBytes
	for _, item := range items {
		size += len(item.Data)
		largest = max(largest, len(item.Data))
	}
	return context.WithTimeout(ctx, timeout+time.Duration(min(size, largest))*time.Second/slowest)
}

// New returns a batcher. The commit must answer each item, and end in reasonable
// time; its context ends with Close.
func New(commit func(context.Context, []*Item)) *Batcher { return NewSynced(commit, nil) }

// NewSynced returns a batcher for a log whose commits have to be synced before they
// are answered. What is published during a commit is committed too before the sync, so
// that many publishers share one; but none waits longer for others than a sync takes.
// When it fails, the outcome of the events that it should have covered is unknown.
func NewSynced(commit func(context.Context, []*Item), sync func() error) *Batcher {
	b := &Batcher{commit: commit, sync: sync, queue: make(chan *Item, queueLength), most: minBytes}
	b.closed, b.stop = context.WithCancel(context.Background())
	b.done.Go(b.run)
	return b
}

// Close ends the commit that is under way and fails what waits.
func (b *Batcher) Close() {
	b.stop()
	b.done.Wait()
}

// Publish returns when the event is committed. When the context ends while the
// commit is under way, the outcome is unknown; before that, nothing is stored.
func (b *Batcher) Publish(ctx context.Context, topic string, data []byte, options []store.PublishOption) (store.ID, error) {
	o, err := store.NewPublishOptions(topic, options)
	if err != nil {
		return store.ID{}, err
	}
	if err := ctx.Err(); err != nil {
		return store.ID{}, store.NotStored(err)
	}
	item := &Item{Topic: topic, Data: data, Key: o.Key, done: make(chan struct{})}
	select {
	case b.queue <- item:
	case <-ctx.Done():
		return store.ID{}, store.NotStored(ctx.Err())
	case <-b.closed.Done():
		return store.ID{}, store.NotStored(store.ErrClosed)
	}
	select {
	case <-item.done:
		return item.ID, item.Err
	case <-ctx.Done():
		return store.ID{}, item.abandon(ctx.Err())
	case <-b.closed.Done():
		return store.ID{}, item.abandon(store.ErrClosed)
	}
}

// abandon lets the data go: while a log is away, what nobody waits for any more
// must not pile up.
func (i *Item) abandon(err error) error {
	if i.state.CompareAndSwap(waiting, abandoned) {
		i.Data = nil
		return store.NotStored(err)
	}
	return store.OutcomeUnknown(err)
}

func (b *Batcher) run() {
	defer b.syncing.Wait()
	for {
		select {
		case item := <-b.queue:
			batch := b.gather(item)
			if len(batch) == 0 {
				continue
			}
			if b.sync != nil {
				b.commitSynced(batch)
			} else {
				b.commitTimed(batch)
				answer(batch)
			}
		case <-b.closed.Done():
			return
		}
	}
}

// commitSynced commits and syncs a batch. A sync that is quicker than a commit runs
// beside the next one. Otherwise the next commit waits, so that those whom the sync
// lets go on all share the next sync.
func (b *Batcher) commitSynced(batch []*Item) {
	began := time.Now()
	b.commitTimed(batch)
	batch = b.commitMore(batch, began)
	beside := time.Since(began) > b.lastSync()
	b.syncing.Wait()
	b.syncing.Go(func() {
		b.syncAll(batch)
		answer(batch)
	})
	if !beside {
		b.syncing.Wait()
	}
}

// lastSync is how long the last sync took.
func (b *Batcher) lastSync() time.Duration { return time.Duration(b.syncTook.Load()) }

// commitMore commits what was published meanwhile, and returns all that is committed.
func (b *Batcher) commitMore(all []*Item, began time.Time) []*Item {
	for len(all) < maxUnsynced && time.Since(began) < b.lastSync() {
		select {
		case item := <-b.queue:
			if more := b.gather(item); len(more) > 0 {
				b.commitTimed(more)
				all = append(all, more...)
			}
		default:
			return all
		}
	}
	return all
}

// commitTimed commits a batch. The next may be larger when a full one was committed
// soon, and is small again after a slow one.
func (b *Batcher) commitTimed(batch []*Item) {
	size := 0
	for _, item := range batch {
		size += len(item.Data)
	}
	began := time.Now()
	b.commit(b.closed, batch)
	switch took := time.Since(began); {
	case took >= soon:
		b.most = minBytes
	case size >= b.most && !slices.ContainsFunc(batch, func(i *Item) bool { return i.Err != nil }):
		b.most = min(2*b.most, maxBytes)
	}
	for _, item := range batch {
		item.Data = nil // the log has them
	}
}

func (b *Batcher) syncAll(items []*Item) {
	began := time.Now()
	err := b.sync()
	b.syncTook.Store(int64(time.Since(began)))
	for _, item := range items {
		if err != nil && item.Err == nil {
			item.Err = store.OutcomeUnknown(err)
		}
	}
}

// answer lets the publishers go on.
func answer(batch []*Item) {
	for _, item := range batch {
		close(item.done)
	}
}

func (b *Batcher) gather(item *Item) (batch []*Item) {
	for size := 0; ; {
		if item.state.CompareAndSwap(waiting, committing) {
			batch = append(batch, item)
			size += len(item.Data)
		}
		if len(batch) == maxItems || size >= b.most {
			return batch
		}
		select {
		case item = <-b.queue:
		default:
			return batch
		}
	}
}
