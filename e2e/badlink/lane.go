package badlink

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// Lane is one direction of a cable.
type Lane struct {
	began time.Time

	mu       sync.Mutex
	schedule schedule
	counts   Counts
}

// Counts is what happened to the packets of one direction.
type Counts struct {
	Packets int // that arrived or are on their way
	Bytes   int // of those, with their IP headers
	Lost    int // packets
	Dropped int // packets for which the queue had no room
}

// Set changes the quality for the packets that come from now on.
func (l *Lane) Set(q Quality) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.schedule.Quality = q
}

// Counts is what has happened so far.
func (l *Lane) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// send decides about a packet that comes now.
func (l *Lane) send(size int) (due time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	arrival, f := l.schedule.send(time.Since(l.began), size)
	switch f {
	case lost:
		l.counts.Lost++
	case dropped:
		l.counts.Dropped++
	case arrives:
		l.counts.Packets++
		l.counts.Bytes += size
	}
	return l.began.Add(arrival), f == arrives
}

type packet struct {
	data []byte
	due  time.Time
}

// inFlight is more packets than a second of a fast network holds; when there are
// more, the kernel's queue in front of the interface takes and drops them.
const inFlight = 1 << 14

// carry moves packets until an end is closed, and returns when both of its
// goroutines are done.
func (l *Lane) carry(from io.Reader, to io.Writer, closed <-chan struct{}) {
	packets := make(chan packet, inFlight)
	var arriving sync.WaitGroup
	arriving.Go(func() {
		for p := range packets {
			select {
			case <-time.After(time.Until(p.due)):
				// An interface that is down refuses the packet, as networks do: nobody is told.
				_, _ = to.Write(p.data)
			case <-closed:
				return
			}
		}
	})
	defer arriving.Wait()
	defer close(packets)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if due, ok := l.send(n); ok {
			select {
			case packets <- packet{bytes.Clone(buf[:n]), due}:
			case <-closed:
				return
			}
		}
	}
}
