package sim

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
)

func (j *judge) dial(e session.Dial) {
	t := j.tab
	j.w.stats.Dials++
	if len(t.sockets) >= 2 {
		j.violated(ruleSockets, "dial %d beside %d and %d", e.Generation, t.sockets[0].gen, t.sockets[1].gen)
	}
	for _, k := range t.sockets {
		if k.gen >= e.Generation {
			j.violated(ruleLegal, "dial %d after %d", e.Generation, k.gen)
		}
		if k.gen == j.shown.Generation && j.alive(k) {
			j.violated(ruleAlive, "dial %d beside %d, which lives", e.Generation, k.gen)
		}
	}
	j.newest = e.Generation
	if j.away {
		j.violated(ruleStopped, "dial %d while the page is away", e.Generation)
	}
	if j.w.now < j.rare && j.ran < j.rare-5*30*second {
		j.violated(ruleRate, "dial %d although the browser has just refused the address", e.Generation)
	}
	if j.w.now < j.bound {
		j.violated(ruleAdvice, "dial %d comes %v before its time", e.Generation, j.bound-j.w.now)
	}
	if e.After != t.s.Cursor() {
		j.violated(ruleOnce, "dial goes on from %q, the cursor is %q", e.After, t.s.Cursor())
	}
	j.dials = append(j.dials, j.w.now)
	for len(j.dials) > 0 && j.w.now-j.dials[0] > time.Minute {
		j.dials = j.dials[1:]
	}
	recent := 0
	for _, at := range j.dials {
		if j.w.now-at <= 10*second {
			recent++
		}
	}
	if recent > 20 || len(j.dials) > 70 {
		j.violated(ruleRate, "%d dials in 10 s, %d in a minute", recent, len(j.dials))
	}
}
