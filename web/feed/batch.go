package feed

import (
	"sync"

	"github.com/wakesocket/wakesocket/web/store"
)

const (
	batchBytes  = 12 << 10 // of one array frame: what a client that does not read holds
	batchEvents = 256      // of one array frame
)

// batch collects the events of one frame: a single event as it is, several as a
// JSON array.
type batch struct {
	most   int // events
	memory *budget
	n      int
	last   store.ID
	single entry   // the first event
	array  *[]byte // the events, once there are two
}

var arrays = sync.Pool{New: func() any { b := make([]byte, 0, batchBytes); return &b }}

// add takes one more event; false means that the batch is full, or that the budget
// has no memory for an array. The first event always fits.
func (b *batch) add(e *entry) bool {
	switch {
	case b.n == b.most:
		return false
	case b.n == 0:
		b.single = *e
	case b.n == 1 && !b.open(len(e.frame)):
		return false
	case len(*b.array)+len(",]")+len(e.frame) > batchBytes:
		return false
	default:
		*b.array = append(append(*b.array, ','), e.frame...)
	}
	b.n++
	b.last = e.id
	return true
}

// open begins the array with the first event, if another of so many bytes fits.
func (b *batch) open(next int) bool {
	if len("[,]")+len(b.single.frame)+next > batchBytes || !b.memory.take(batchBytes) {
		return false
	}
	b.array = arrays.Get().(*[]byte)
	*b.array = append(append((*b.array)[:0], '['), b.single.frame...)
	return true
}

// frame ends the array; it is for a batch of two events or more.
func (b *batch) frame() []byte {
	*b.array = append(*b.array, ']')
	return *b.array
}

// release gives the memory back.
func (b *batch) release() {
	if b.array != nil {
		arrays.Put(b.array)
		b.memory.give(batchBytes)
	}
	*b = batch{}
}
