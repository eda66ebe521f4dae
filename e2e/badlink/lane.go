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

// send decides what happens to a packet that enters now.
func (l *Lane) send(size int) (at time.Time, ok bool) {
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
	data    []byte
	arrival time.Time
}

// inFlight is how many packets can be on their way at once: more than a fast
// network carries in a second. When it is full, the kernel queues and drops.
const inFlight = 1 << 14

// carry moves packets until an end is closed, and returns when both of its
// goroutines are done.
func (l *Lane) carry(from io.Reader, to io.Writer, closed <-chan struct{}) {
	packets := make(chan packet, inFlight)
	var arriving sync.WaitGroup
	arriving.Go(func() {
		for p := range packets {
			select {
			case <-time.After(time.Until(p.arrival)):
				// An interface that is down refuses the packet. Networks lose it without a word, too.
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
		if at, ok := l.send(n); ok {
			select {
			case packets <- packet{bytes.Clone(buf[:n]), at}:
			case <-closed:
				return
			}
		}
	}
}
