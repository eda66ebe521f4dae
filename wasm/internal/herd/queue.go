package herd

import "time"

// queue is a heap of what will happen, earliest first; equal times in the order
// in which they were added.
type queue struct {
	heap  []event
	added uint32
}

type event struct {
	at    time.Duration
	order uint32
	who   int32
	dial  int32 // of that client, when the event belongs to one
	kind  kind
}

type kind uint8

const (
	lost kind = iota
	due
	arrives // at the server
	answered
	refusedNow
	online
	awake
)

func (e *event) before(other *event) bool {
	return e.at < other.at || e.at == other.at && e.order < other.order
}

func (q *queue) add(e event) {
	q.added++
	e.order = q.added
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !q.heap[i].before(&q.heap[parent]) {
			return
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

func (q *queue) pop() event {
	first, last := q.heap[0], len(q.heap)-1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && q.heap[child+1].before(&q.heap[child]) {
			child++
		}
		if !q.heap[child].before(&q.heap[i]) {
			return first
		}
		q.heap[i], q.heap[child] = q.heap[child], q.heap[i]
		i = child
	}
}
