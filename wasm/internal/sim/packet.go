package sim

import "time"

// kind of what arrives at a page's socket.
type kind int

const (
	opened kind = iota
	hello
	at
	events
	pong
	noise // a frame that is not of the protocol
	newest
	closed
)

// packet is a frame, or the end of the handshake, or of the connection.
type packet struct {
	kind  kind
	log   *epoch
	from  int   // events from+1 to to, or
	some  []int // just these
	to    int   // the position of hello and at
	start start // of hello
	live  bool

	chosen []chosenEvent
	lost   bool // newest events that the server no longer has

	code   int
	reason string
}

// each calls f with every event.
func (p *packet) each(f func(i, n int)) {
	if p.some != nil {
		for i, n := range p.some {
			f(i, n)
		}
		return
	}
	for n := p.from + 1; n <= p.to; n++ {
		f(n-p.from-1, n)
	}
}

// takes is how long the frame is on the wire, beyond what every frame takes.
func (p *packet) takes() (d time.Duration) {
	if p.kind == events && len(p.log.long) > 0 {
		p.each(func(_, n int) { d += p.log.long[n] })
	}
	return d
}

func (p *packet) contents() (all []string) {
	p.each(func(_, n int) { all = append(all, p.log.content(n)) })
	return all
}

func (p *packet) ids() []string {
	if p.some == nil {
		return p.log.ids[p.from:p.to]
	}
	ids := make([]string, len(p.some))
	for i, n := range p.some {
		ids[i] = p.log.ids[n-1]
	}
	return ids
}
