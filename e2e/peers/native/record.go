package main

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// record is what a child said, and when.
type record struct {
	mu    sync.Mutex
	lines []timed
}

type timed struct {
	line
	at time.Time
}

func (r *record) add(l line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, timed{l, time.Now()})
}

func (r *record) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines)
}

// count is the number of events.
func (r *record) count() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if l.N > 0 {
			n++
		}
	}
	return n
}

// buffered is how long after a fault events may still come out of a buffer.
const buffered = 50 * time.Millisecond

// back is the first event after the first lines and after the fault was over; nil
// for none.
func (r *record) back(first int, over time.Time) *timed {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := first; i < len(r.lines); i++ {
		if l := &r.lines[i]; l.N > 0 && l.at.After(over.Add(buffered)) {
			return l
		}
	}
	return nil
}

// sum says what became of a client and of the events.
func (r *record) sum(first int, began, over time.Time) result {
	s := result{noticed: -1, back: -1}
	if l := r.back(first, over); l != nil {
		s.back = l.at.Sub(over)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	times, low, high := map[int]int{}, 0, 0
	for i, l := range r.lines {
		switch {
		case l.N > 0:
			if low == 0 {
				low = l.N
			}
			times[l.N]++
			high = max(high, l.N)
		case i >= first && l.at.After(began):
			s.tell(l, over)
		}
	}
	for n := low; n <= high; n++ {
		switch times[n] {
		case 0:
			s.lost++
		case 1:
		default:
			s.twice++
		}
	}
	return s
}

// sumRefused says what a client told its program that could not connect.
func (r *record) sumRefused(began time.Time) result {
	s := result{noticed: -1, back: -1, refused: true}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if !strings.HasPrefix(l.Told, "connecting") { // that it tries is no news
			s.tell(l, began)
		}
	}
	return s
}

// mostTold is how much of what a program is told goes into the table.
const (
	mostTold    = 4
	longestTold = 150 // bytes
)

// tell notes what the program is told, each thing once.
func (s *result) tell(l timed, from time.Time) {
	if s.noticed < 0 {
		s.noticed = max(0, l.at.Sub(from))
	}
	text := strings.TrimSpace(l.Told)
	text = text[:min(len(text), longestTold)]
	if len(s.told) < mostTold && !slices.Contains(s.told, text) {
		s.told = append(s.told, text)
	}
}
