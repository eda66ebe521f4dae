package session

import "time"

const (
	// A silence is a sign of a dead connection where events usually come often:
	// after quietFactor usual pauses, but not before quietMin.
	quietFactor = 8
	quietMin    = time.Second
	// quietBursts are needed to know the usual pause.
	quietBursts = 8
	// quietGrace is the least time for an answer to the probe of such a silence.
	quietGrace = 500 * time.Millisecond
)

// interval is the usual pause between bursts of events on one socket.
type interval struct {
	last   time.Duration // mono, last burst
	bursts int
	pause  time.Duration // smoothed
	asked  bool          // there was a probe because of this silence
}

// burst notes events.
func (i *interval) burst(now time.Duration) {
	if i.bursts > 0 {
		i.learn(now - i.last)
	}
	i.bursts++
	i.last = now
}

// adopt learns from when events came since the dial. Those of one burst came at once.
func (i *interval) adopt(times []time.Duration, dialedAt time.Duration) {
	for _, at := range times {
		if at >= dialedAt && (i.bursts == 0 || at > i.last) {
			i.burst(at)
		}
	}
}

func (i *interval) learn(pause time.Duration) {
	if i.pause == 0 {
		i.pause = pause
	}
	i.pause += (pause - i.pause) / 8
}

// unusuallyQuietAt is when the silence of a socket becomes a sign, after
// Hayashibara's accrual failure detector.
func (s *Session) unusuallyQuietAt(k *socket) time.Duration {
	quiet := max(quietFactor*k.interval.pause, quietMin)
	if !s.visible || s.opt.Heartbeat == 0 || k.interval.asked || k.interval.bursts < quietBursts || quiet >= s.opt.VisibleHeartbeat {
		return never
	}
	return k.lastFrame + quiet
}

// unusuallyQuiet probes a socket that has been silent for longer than usual.
func (s *Session) unusuallyQuiet(k *socket) {
	k.interval.asked = true
	k.interval.learn(s.now.Mono - k.interval.last)
	s.ask(s.heartbeatProbe(s.rtt.grace(quietGrace, time.Second)))
}
