// Package timeline orders what will happen in a simulation.
package timeline

import "time"

// Queue is a heap of what will happen, earliest first. Things of one moment happen
// in the order in which they were added. The zero value is empty.
type Queue[T any] struct {
	heap  []entry[T]
	added uint64
}

type entry[T any] struct {
	at    time.Duration
	order uint64
	what  T
}

func (e *entry[T]) before(other *entry[T]) bool {
	return e.at < other.at || e.at == other.at && e.order < other.order
}

// Add puts something into the queue.
func (q *Queue[T]) Add(at time.Duration, what T) {
	q.added++
	q.heap = append(q.heap, entry[T]{at, q.added, what})
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

// Next is when the first thing happens; ok is false when the queue is empty.
func (q *Queue[T]) Next() (at time.Duration, ok bool) {
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].at, true
}

// Pop takes the first thing out of the queue, which must not be empty.
func (q *Queue[T]) Pop() (at time.Duration, what T) {
	first, last := q.heap[0], len(q.heap)-1
	q.heap[0] = q.heap[last]
	q.heap[last] = entry[T]{}
	q.heap = q.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first.at, first.what
		}
		if child+1 < last && q.heap[child+1].before(&q.heap[child]) {
			child++
		}
		if !q.heap[child].before(&q.heap[i]) {
			return first.at, first.what
		}
		q.heap[i], q.heap[child] = q.heap[child], q.heap[i]
		i = child
	}
}
