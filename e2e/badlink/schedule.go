package badlink

import "time"

// Quality is what one direction of a cable is like. The zero value is perfect.
type Quality struct {
	Latency time.Duration // from one end to the other
	Loss    float64       // share of the packets that never arrive, 0 to 1
	Rate    int           // bytes a second; 0 for no limit
	Queue   int           // bytes that wait to be sent before more are dropped; 0 for what Rate sends in a second
}

func (q Quality) queue() int {
	if q.Queue == 0 {
		return q.Rate
	}
	return q.Queue
}

// fate is what becomes of a packet.
type fate int

const (
	arrives fate = iota
	lost         // on the way: it has taken its time on the wire
	dropped      // because the queue was full
)

// schedule decides the fates of the packets of one direction. It owns no clock:
// times are those of the caller, which never go back.
type schedule struct {
	Quality
	random func() float64

	free time.Duration // when all that waits will have been sent
	last time.Duration // when the latest packet arrives
}

// send is a packet that enters the queue now, and when it arrives. Packets stay in
// order, also when the latency shrinks between them.
func (s *schedule) send(now time.Duration, size int) (arrival time.Duration, f fate) {
	s.free = max(s.free, now)
	if s.Rate > 0 {
		waiting := int((s.free - now).Seconds() * float64(s.Rate))
		if waiting > 0 && waiting+size > s.queue() {
			return 0, dropped
		}
		s.free += time.Duration(size) * time.Second / time.Duration(s.Rate)
	}
	if s.random() < s.Loss {
		return 0, lost
	}
	s.last = max(s.last, s.free+s.Latency)
	return s.last, arrives
}
