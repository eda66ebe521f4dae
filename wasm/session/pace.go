package session

import "time"

const (
	// A silence is a sign of a dead connection where events usually come often:
	// after paceFactor usual pauses, but not before paceMin.
	paceFactor = 8
	paceMin    = time.Second
	// paceBursts are needed to know the usual pause.
	paceBursts = 8
	// paceGrace is the least time for an answer to the probe of such a silence.
	paceGrace = 500 * time.Millisecond
)

// pace is the usual pause between bursts of events on one socket.
type pace struct {
	last   time.Duration // mono, last burst
	bursts int
	pause  time.Duration // smoothed
	asked  bool          // there was a probe because of this silence
}

// burst notes events.
func (p *pace) burst(now time.Duration) {
	if p.bursts > 0 {
		p.learn(now - p.last)
	}
	p.bursts++
	p.last = now
}

func (p *pace) learn(pause time.Duration) {
	if p.pause == 0 {
		p.pause = pause
	}
	p.pause += (pause - p.pause) / 8
}

// unusuallyQuietAt is when the silence of a socket becomes a sign, after
// Hayashibara's accrual failure detector.
func (s *Session) unusuallyQuietAt(k *socket) time.Duration {
	quiet := max(paceFactor*k.pace.pause, paceMin)
	if !s.visible || s.opt.Heartbeat == 0 || k.pace.asked || k.pace.bursts < paceBursts || quiet >= s.opt.VisibleHeartbeat {
		return never
	}
	return k.lastFrame + quiet
}

// unusuallyQuiet probes a socket that has been silent for longer than usual.
func (s *Session) unusuallyQuiet(k *socket) {
	k.pace.asked = true
	k.pace.learn(s.now.Mono - k.pace.last)
	s.ask(s.heartbeatProbe(s.rtt.grace(paceGrace, time.Second)))
}
