package sim

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/snapshot"
	"github.com/wakesocket/wakesocket/wasm/session"
)

// program shows a state: a snapshot, and the events after it. The state of the server
// is a number, to which each event that the page wants adds one.
type program struct {
	t      *tab
	stream *snapshot.Stream[int] // of the numbers of events
	total  int
	at     string // position of the total; "" for none
	lacks  bool   // it was told of a gap, and has no snapshot since
	held   []held // events of which the session does not know yet whether they are new
	back   string // position to which the feed has to go back; "" for none
	asked  bool   // the server is to be asked for the feed's position
	timer  int    // counts timers, so that a replaced one is known
	values values
}

// truth is the state at a place of the log. The state outlives the log.
func (w *World) truth(e *epoch, n int) int { return e.number*1_000_000 + n/w.cfg.Topics }

// begin is a new life of the page, which has the state at a position or, with "",
// none.
func (p *program) begin(after string) {
	w := p.t.w
	if after == "" {
		p.total, p.at = 0, ""
	}
	p.lacks, p.held, p.back, p.asked = false, nil, "", false
	limits := snapshot.Limits{Events: pick(w.random, 3, 50, 10_000), Bytes: 1 << 20}
	p.stream = snapshot.New[int](p, after, func() time.Duration { return w.instant().Mono }, w.random.float, limits)
	p.values.begin(p, after)
	p.stream.Start()
	p.arm()
}

// arm sets the timer of the stream.
func (p *program) arm() {
	p.timer++
	timer, w := p.timer, p.t.w
	due, ok := p.stream.Deadline()
	if !ok {
		return
	}
	w.at(w.now+max(ms, due-w.instant().Mono), func() {
		p.t.post(func() {
			if timer == p.timer {
				p.tell(p.stream.Tick)
			}
		})
	})
}

// tell tells the stream something that is no input of the session.
func (p *program) tell(what func()) {
	what()
	p.settle()
}

// settle does what the stream has asked for, and looks whether all is well.
func (p *program) settle() {
	p.values.arm()
	switch at := p.back; {
	case at != "":
		p.t.goBack(at)
	case p.asked:
		p.asked = false
		p.t.do(session.Wake{})
	}
	p.arm()
	p.t.judge.program(p)
}

// effect is something that the session does. When the feed has to go back, what else
// the session does counts no more.
func (p *program) effect(in input, e session.Effect) {
	if p.back != "" {
		return
	}
	switch e := e.(type) {
	case session.Deliver:
		in.packet.each(func(i, n int) {
			switch {
			case e.Mask[i]:
				p.event(in.packet.log, n)
			case i >= len(e.Mask)-e.Held:
				p.held = append(p.held, held{log: in.packet.log, n: n})
			}
		})
	case session.Release:
		for i, h := range p.held {
			if e.Mask[i] {
				p.event(h.log, h.n)
			}
		}
		p.held = nil
	case session.Moved:
		p.stream.Moved(e.Cursor)
		if p.back == "" && !p.stream.Pending() {
			p.at = e.Cursor
		}
	case session.Gap:
		p.values.flush()
		p.lacks = p.stream.Gap(e.Reason) || p.lacks
	case session.State:
		p.stream.Status(e.Name == session.Live)
		p.values.live(e.Name == session.Live || e.Name == session.Checking)
	}
}

func (p *program) event(log *epoch, n int) {
	if p.back == "" {
		p.stream.Event(snapshot.Item[int]{Event: n, ID: log.id(n), Size: 1})
	}
}

// Load is the page's function: right, late, old, wrong, or not at all.
func (p *program) Load(number int, _ string) {
	w := p.t.w
	w.stats.Snapshots++
	after := w.random.upto(2 * second)
	fault := w.random.intn(20)
	if w.healed {
		fault = -1
	}
	w.after(after, func() {
		at, total, err := p.read(fault)
		w.after(pick(w.random, 0, w.random.upto(second)), func() {
			p.t.post(func() {
				p.tell(func() {
					if err != nil {
						p.stream.Failed(number, err)
					} else if fault != 0 {
						p.stream.Loaded(number, at, total)
					}
				})
			})
		})
	})
}

// read is what the server answers.
func (p *program) read(fault int) (at string, total int, err error) {
	w := p.t.w
	log := w.server.log
	n := log.top()
	switch {
	case w.server.down() || w.now < w.server.stallUntil:
		return "", 0, errors.New("no answer")
	case fault == 1:
		return "", -1, nil
	case fault == 2:
		return "nonsense", -1, nil
	case fault == 3:
		return "e999-1", -1, nil
	case fault == 4:
		return log.id(n + 1_000_000_000), -1, nil
	case fault >= 5 && fault < 8: // a replica that lags
		n = max(0, n-w.random.intn(20))
	case fault >= 8 && fault < 14: // the feed has not brought the newest yet
		w.server.publish(1 + w.random.intn(5))
		n = log.top()
		w.after(w.random.upto(100*ms), func() {
			if !w.server.down() {
				w.server.publish(1 + w.random.intn(5))
			}
		})
	}
	return log.id(n), w.truth(log, n), nil
}

// Abort and the methods after it are those of a host.
func (p *program) Chooses() bool    { return p.values.chooses() }
func (p *program) Abort()           {}
func (p *program) Ask()             { p.asked = true }
func (p *program) Resume(at string) { p.back = at }

func (p *program) Give(s snapshot.Snapshot) {
	p.values.given(s.At)
	p.total, p.at, p.lacks = s.Data.(int), s.At, false
}

func (p *program) Deliver(items []snapshot.Item[int], _ bool) {
	for _, i := range items {
		if !p.lacks {
			p.total++
			before := p.at
			p.at = i.ID
			p.values.event(i.Event, before)
		}
	}
}

func (p *program) SnapshotFailed(f snapshot.Failure) { p.t.w.note("   snapshot failed: %s", f.Message) }

// goBack makes the feed of the tab go on after a position, with another session.
func (t *tab) goBack(at string) {
	t.w.note("   the feed goes back to %s", at)
	t.program.back = ""
	t.w.stats.Returns++
	for len(t.sockets) > 0 {
		t.drop(t.sockets[0], true)
	}
	t.ghosts, t.facts = nil, nil
	t.disarm()
	t.inputs = slices.DeleteFunc(t.inputs, func(in input) bool { return in.socket != nil })
	t.program.held = nil
	t.program.values.newest.Restart(at)
	t.judge.load(at)
	t.judge.goesOnFrom(at)
	opt := session.Defaults()
	opt.After, opt.Visible, opt.Online = at, t.seen, t.online
	t.s = t.w.session(opt)
	t.do(session.Start{})
}

// place finds the place of a position in the log.
func (w *World) place(at string) (log *epoch, n int, ok bool) {
	name, _, _ := strings.Cut(at, "-")
	number, err := strconv.Atoi(strings.TrimPrefix(name, "e"))
	_, major, minor, parsed := parseID(at)
	if err != nil || !parsed || minor != 0 || number < 1 || number > len(w.server.logs) {
		return nil, 0, false
	}
	return w.server.logs[number-1], int(major), true
}
