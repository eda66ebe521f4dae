package snapshot

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/timeline"
)

// spellings are how ids are written: those of our server, a counter, and names
// without an order.
var spellings = map[string]func(epoch, n int) string{
	"ours":    func(epoch, n int) string { return fmt.Sprintf("e%d-%d", epoch, n) },
	"counter": func(_, n int) string { return fmt.Sprint(1000 + n) },
	"names":   func(epoch, n int) string { return fmt.Sprintf("#%d.%d", (n*7919+13)%100_003, epoch) },
}

// truth is a log whose events add to a total. The total outlives the log, as a
// database outlives its log.
type truth struct {
	epoch   int
	base    int   // the total before the first event of this epoch
	adds    []int // of event n, at n-1; 0 for one of another topic
	trimmed int
}

func (l *truth) top() int { return len(l.adds) }

func (l *truth) total(n int) int {
	sum := l.base
	for _, add := range l.adds[:n] {
		sum += add
	}
	return sum
}

// restart begins the log anew. What happened around that is in no event.
func (l *truth) restart(lost int) {
	*l = truth{epoch: l.epoch + 1, base: l.total(l.top()) + lost}
}

// place is where in the log a position is.
type place struct{ epoch, n int }

// link is a connection of the feed.
type link struct {
	next int
	last time.Duration // when the last frame arrives
	open bool
}

// program is what the user of a stream has.
type program struct {
	total int
	at    *place // nil while it knows that events are missing
	given int
}

// world is a program, its feed and its snapshots, in virtual time. The program keeps
// a total, which is to be that of the log at the position of the feed.
type world struct {
	*rand.Rand
	queue    timeline.Queue[func()]
	now      time.Duration
	log      truth
	spell    func(epoch, n int) string
	greets   bool
	stream   *Stream[int]
	link     *link
	isLive   bool
	cursor   string
	at       place // of the cursor
	places   map[string]place
	program  program
	reasons  map[string]int
	gaps     int
	failures int
	resumes  int
	lives    int // moments that were shown as live
	calm     bool
	wrong    error
}

func newWorld(seed uint64, spelling string) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 1)), log: truth{epoch: 1}, spell: spellings[spelling], greets: spelling == "ours",
		places: map[string]place{}, reasons: map[string]int{},
	}
	w.stream = New[int](w, "", func() time.Duration { return w.now }, w.Float64, Limits{Events: 12, Bytes: 400})
	return w
}

func (w *world) chance(percent int) bool { return w.IntN(100) < percent }

func (w *world) ms(most int) time.Duration { return time.Duration(w.IntN(most)) * time.Millisecond }

func (w *world) in(d time.Duration, do func()) { w.queue.Add(w.now+d, do) }

// pass lets time pass. After each thing that happens, what is shown is compared.
func (w *world) pass(d time.Duration) {
	for end := w.now + d; w.wrong == nil; {
		at, any := w.queue.Next()
		due, ok := w.stream.Deadline()
		switch {
		case ok && due <= end && (!any || due <= at):
			w.now = max(w.now, due)
			w.stream.Tick()
		case any && at <= end:
			var do func()
			w.now, do = w.queue.Pop()
			do()
		default:
			w.now = end
			return
		}
		w.check()
	}
}

func (w *world) live() bool { return w.isLive && !w.stream.Pending() }

func (w *world) fault(format string, values ...any) {
	if w.wrong == nil {
		w.wrong = fmt.Errorf(format, values...)
	}
}

// check is the oracle: what is shown as live is the state at the feed's position.
func (w *world) check() {
	if !w.live() {
		return
	}
	w.lives++
	switch {
	case w.program.at == nil:
		w.fault("live without a snapshot")
	case w.program.at.epoch != w.log.epoch: // the feed has not been told yet
	case w.program.total != w.log.total(w.at.n):
		w.fault("%d is shown as live at %v, the truth is %d; the program is at %v", w.program.total, w.at, w.log.total(w.at.n), *w.program.at)
	}
}

func (w *world) text(epoch, n int) string {
	text := w.spell(epoch, n)
	w.places[text] = place{epoch, n}
	return text
}

func (w *world) publish() {
	add := 0
	if w.chance(70) {
		add = 1 + w.IntN(1000)
	}
	w.log.adds = append(w.log.adds, add)
	w.send()
}

func (w *world) tell(live bool) {
	w.isLive = live
	w.stream.Status(live)
}

func (w *world) cut() {
	if w.link == nil {
		return
	}
	w.link = nil
	w.tell(false)
	w.in(w.ms(500)+20*time.Millisecond, w.dial)
}

func (w *world) dial() {
	k := &link{last: w.now}
	w.link = k
	w.in(w.ms(200)+10*time.Millisecond, func() {
		if k == w.link {
			w.accepted(k)
		}
	})
}

// accepted is the server's: it finds the place of the cursor, or tells a gap.
func (w *world) accepted(k *link) {
	reason := ""
	at, known := w.places[w.cursor]
	switch {
	case w.cursor == "":
		at = place{n: w.log.top()}
	case !known:
		reason = "invalid"
	case at.epoch != w.log.epoch:
		reason = "epoch"
	case at.n > w.log.top():
		reason = "future"
	case at.n < w.log.trimmed:
		reason = "trimmed"
	}
	if reason != "" {
		at.n = w.log.trimmed
	}
	k.next, k.open = at.n, true
	fresh := w.cursor == ""
	position := w.text(w.log.epoch, at.n)
	w.post(k, func() {
		if w.greets {
			w.stream.Greeted()
		}
		if reason != "" && w.stream.Gap(reason) {
			w.gaps++
			w.program.at = nil
		}
		if k == w.link && (w.greets && fresh || reason != "") {
			w.moved(position)
		}
	})
	w.send()
	w.post(k, func() { w.tell(true) })
}

// send is the server's: what the log has goes to the client.
func (w *world) send() {
	k := w.link
	if k == nil || !k.open {
		return
	}
	for ; k.next < w.log.top(); k.next++ {
		if add := w.log.adds[k.next]; add > 0 {
			id := w.text(w.log.epoch, k.next+1)
			w.post(k, func() {
				w.cursor, w.at = id, w.places[id]
				w.stream.Event(Item[int]{Event: add, ID: id, Size: 20})
			})
		}
	}
}

// post makes a frame arrive after those before it, if the connection lasts.
func (w *world) post(k *link, do func()) {
	delay := 80
	if w.calm {
		delay = 5
	}
	k.last = max(k.last, w.now+w.ms(delay))
	w.in(k.last-w.now, func() {
		if k == w.link {
			do()
		}
	})
}

func (w *world) moved(position string) {
	w.cursor, w.at = position, w.places[position]
	w.stream.Moved(position)
}

// Load is the program's function: right, late, old, wrong, or not at all.
func (w *world) Load(number int, reason string) {
	w.reasons[reason]++
	answer := func(after time.Duration, at string, data any) {
		w.in(after, func() { w.stream.Loaded(number, at, data) })
	}
	garbage := -1
	epoch, top := w.log.epoch, w.log.top()
	fault := w.IntN(20)
	if w.calm {
		fault = -1
	}
	switch fault {
	case 0:
		w.in(w.ms(300), func() { w.stream.Failed(number, errors.New("503")) })
	case 1:
		answer(w.ms(300), "", garbage)
	case 2:
		answer(w.ms(300), "x"+w.spell(epoch, 3)+"!", garbage)
	case 3:
		foreign := w.spell(epoch+7, 3)
		if !w.greets {
			foreign += "0000001"
		}
		answer(w.ms(300), foreign, garbage)
	case 4:
		future := w.spell(epoch, top+1_000_000)
		if !w.greets {
			future += "f"
		}
		answer(w.ms(300), future, garbage)
	case 5: // never
	case 6:
		answer(9*time.Second+w.ms(3000), w.text(epoch, top), w.log.total(top))
	default:
		w.in(w.ms(100), func() { w.answerRightly(number) })
	}
}

// answerRightly reads a state that belongs to its position. It may be that of a
// replica that lags.
func (w *world) answerRightly(number int) {
	n, delay := w.log.top(), w.ms(700)
	switch {
	case w.calm:
		delay = w.ms(50)
	case w.chance(15):
		n = max(0, n-w.IntN(6))
	case w.chance(15):
		n = max(0, w.log.trimmed-w.IntN(6))
	}
	at, total := w.text(w.log.epoch, n), w.log.total(n)
	w.in(delay, func() { w.stream.Loaded(number, at, total) })
}

func (w *world) Abort() {}

// Chooses is told of a server that sends every event.
func (w *world) Chooses() bool { return false }

func (w *world) Ask() {
	k := w.link
	if k == nil || !k.open || !w.greets || w.chance(20) {
		return
	}
	w.in(w.ms(50), func() {
		if k == w.link {
			position := w.text(w.log.epoch, k.next)
			w.post(k, func() { w.moved(position) })
		}
	})
}

func (w *world) Resume(at string) {
	w.resumes++
	w.cursor, w.at = at, w.places[at]
	w.isLive = false
	w.dial()
}

func (w *world) Give(s Snapshot) {
	at := w.places[s.At]
	w.program = program{total: s.Data.(int), at: &at, given: w.program.given + 1}
}

func (w *world) Deliver(items []Item[int], _ bool) {
	for _, i := range items {
		at := w.places[i.ID]
		switch p := &w.program; {
		case p.given == 0:
			w.fault("an event came before the snapshot")
		case p.at == nil: // after a gap, before the next snapshot
		case at.epoch == p.at.epoch && at.n <= p.at.n:
			w.fault("%s came after %v", i.ID, *p.at)
		default:
			p.total += i.Event
			p.at = &at
		}
	}
}

func (w *world) SnapshotFailed(Failure) { w.failures++ }
