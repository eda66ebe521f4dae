package badlink

import (
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

func always(v float64) func() float64 { return func() float64 { return v } }

// sent is one packet of 1,000 bytes, and what should become of it.
type sent struct {
	at, arrival time.Duration
	fate        fate
}

func (s *schedule) expect(t *testing.T, packets ...sent) {
	t.Helper()
	for i, p := range packets {
		arrival, f := s.send(p.at, 1000)
		if arrival != p.arrival || f != p.fate {
			t.Errorf("packet %d, sent at %v: arrival %v, fate %d; want %v, %d", i, p.at, arrival, f, p.arrival, p.fate)
		}
	}
}

func TestPerfectCable(t *testing.T) {
	s := &schedule{random: always(0)}
	s.expect(t, sent{5 * ms, 5 * ms, arrives}, sent{5 * ms, 5 * ms, arrives}, sent{9 * ms, 9 * ms, arrives})
}

func TestLatencyDoesNotThrottle(t *testing.T) {
	s := &schedule{Quality: Quality{Latency: 150 * ms}, random: always(0)}
	s.expect(t, sent{0, 150 * ms, arrives}, sent{1 * ms, 151 * ms, arrives}, sent{2 * ms, 152 * ms, arrives})
}

func TestRateSendsOneAfterAnother(t *testing.T) {
	s := &schedule{Quality: Quality{Latency: 10 * ms, Rate: 20_000}, random: always(0)}
	s.expect(t,
		sent{0, 60 * ms, arrives},
		sent{0, 110 * ms, arrives},
		sent{20 * ms, 160 * ms, arrives},
		sent{time.Second, 1060 * ms, arrives}) // the wire was free meanwhile
}

func TestFullQueueDropsWhatComesLast(t *testing.T) {
	s := &schedule{Quality: Quality{Rate: 20_000, Queue: 2500}, random: always(0)}
	s.expect(t,
		sent{0, 50 * ms, arrives},
		sent{0, 100 * ms, arrives},
		sent{0, 0, dropped},
		sent{25 * ms, 150 * ms, arrives}, // half a packet was sent meanwhile
		sent{25 * ms, 0, dropped})
}

func TestQueueHoldsASecondUnlessTold(t *testing.T) {
	s := &schedule{Quality: Quality{Rate: 20_000}, random: always(0)}
	taken := 0
	for _, f := s.send(0, 1000); f == arrives; _, f = s.send(0, 1000) {
		taken++
	}
	if taken != 20 {
		t.Errorf("it took %d packets; want 20", taken)
	}
}

func TestPacketLargerThanTheQueueIsSentWhenNothingWaits(t *testing.T) {
	s := &schedule{Quality: Quality{Rate: 20_000, Queue: 10}, random: always(0)}
	s.expect(t, sent{0, 50 * ms, arrives}, sent{0, 0, dropped}, sent{50 * ms, 100 * ms, arrives})
}

func TestLostPacketTakesItsTimeOnTheWire(t *testing.T) {
	luck := 0.0
	s := &schedule{Quality: Quality{Rate: 20_000, Loss: 0.05}, random: func() float64 { return luck }}
	s.expect(t, sent{0, 0, lost})
	luck = 0.05
	s.expect(t, sent{0, 100 * ms, arrives})
}

func TestChangesKeepTheOrder(t *testing.T) {
	s := &schedule{Quality: Quality{Latency: 300 * ms}, random: always(0)}
	s.expect(t, sent{0, 300 * ms, arrives})
	s.Quality = Quality{Latency: 10 * ms}
	s.expect(t, sent{100 * ms, 300 * ms, arrives}, sent{400 * ms, 410 * ms, arrives})
}

func TestLossIsTheShareAskedFor(t *testing.T) {
	s := &schedule{Quality: Quality{Loss: 0.05}, random: rand.New(rand.NewPCG(1, 2)).Float64}
	n := 0
	for range 100_000 {
		if _, f := s.send(0, 1); f == lost {
			n++
		}
	}
	if n < 4_700 || n > 5_300 {
		t.Errorf("%d of 100,000 packets were lost; want 5,000", n)
	}
}
