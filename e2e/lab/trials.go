package lab

import (
	"context"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
)

// Trial is something that happens to a page. Programs can make their own: Run uses
// the methods of [Visit], and calls [Visit.Begin] at the moment from which the
// times count.
type Trial struct {
	Name string
	// From is the moment from which the times count, in words.
	From string
	// Column is the short name in tables that compare clients; "" for none.
	Column string
	// Announced is a loss that the browser reports to the client. In other trials
	// much depends on when the client's next heartbeat is.
	Announced bool
	// Stays says what to expect of connections from before the trial.
	// Defaults to MustComeBack.
	Stays Stays
	// Watch is how long the page is watched instead of the lab's time.
	// Defaults to Options.Watch.
	Watch time.Duration
	// Settle is how long everything is left alone before.
	// Defaults to Options.Settle.
	Settle time.Duration
	// Takes is how long Run takes, for the estimate.
	Takes time.Duration
	// Run does it. An error means that the trial could not be carried out.
	Run func(*Visit) error
}

// Stays is what a trial expects of the connections from before it.
type Stays int

const (
	// MustComeBack is for trials that end them.
	MustComeBack Stays = iota
	// MayStay is for trials in which a connection that still receives may stay.
	MayStay
	// MustStay is for trials in which they are fine, and a redial is needless.
	MustStay
)

const sleepTime = 10 * time.Second

// Trials is all of the lab's own.
var Trials = []Trial{
	{Name: "the link dies silently, the page is visible", From: "the cut", Column: "a", Run: fault(faultproxy.Swallow)},
	{Name: "the link dies silently, the page is hidden", From: "the cut", Run: func(v *Visit) error {
		if err := v.Hide(); err != nil {
			return err
		}
		v.Begin()
		v.Fault(faultproxy.Swallow)
		return nil
	}},
	{Name: "only packets from the server are lost", From: "the cut", Run: fault(faultproxy.SwallowDown)},
	{Name: "only packets from the page are lost", From: "the cut", Stays: MayStay, Run: fault(faultproxy.SwallowUp)},
	{Name: "sleep of 10 s, then the page is shown", From: "the wake", Column: "b", Takes: sleepTime, Run: func(v *Visit) error {
		if err := v.Hide(); err != nil {
			return err
		}
		if err := v.Sleep(sleepTime, v.cut); err != nil {
			return err
		}
		return v.Show()
	}},
	{Name: "sleep of 10 s, and no event announces the wake", From: "the wake", Column: "c", Takes: sleepTime, Run: func(v *Visit) error {
		return v.Sleep(sleepTime, v.cut)
	}},
	{Name: "sleep of 10 h by the clock, and no event announces the wake", From: "the wake", Column: "c2", Run: func(v *Visit) error {
		v.cut()
		v.Begin()
		v.Clock(10 * time.Hour)
		return nil
	}},
	{Name: "sleep of 10 s, then offline and online", From: "the event online", Column: "d", Takes: sleepTime + time.Second, Run: func(v *Visit) error {
		v.Offline()
		if err := v.Sleep(sleepTime, v.cut); err != nil {
			return err
		}
		v.Wait(time.Second) // a browser takes as long to wake; that is not the client's doing
		v.Begin()
		v.Online()
		return nil
	}},
	{Name: "the link is reset and the first redial hangs", From: "the dial that hangs", Column: "e", Announced: true, Takes: 5 * time.Second, Run: (*Visit).redialHangs},
	{Name: "the link is reset", From: "the reset", Column: "f", Announced: true, Run: fault(faultproxy.Reset)},
	{Name: "the server closes its end without a close frame", From: "the close", Announced: true, Run: fault(faultproxy.HalfCloseDown)},
	{Name: "the server is away for 5 s", From: "its return", Announced: true, Takes: 5 * time.Second, Run: func(v *Visit) error {
		if err := v.FaultNew(faultproxy.Refuse); err != nil {
			return err
		}
		v.Fault(faultproxy.Reset)
		v.Wait(5 * time.Second)
		v.Begin()
		return v.FaultNew(faultproxy.None)
	}},
	{Name: "the page is frozen, its link dies, it resumes and is shown", From: "resume", Column: "g", Announced: true, Takes: time.Second, Run: func(v *Visit) error {
		// Only hidden pages are frozen, and they resume when somebody looks.
		if err := v.Hide(); err != nil {
			return err
		}
		if err := v.Freeze(); err != nil {
			return err
		}
		v.cut()
		v.Begin()
		if err := v.Resume(); err != nil {
			return err
		}
		return v.Show()
	}},
	{Name: "sleep of 10 s, and the link stays alive", From: "the wake", Column: "needless", Stays: MustStay, Watch: 10 * time.Second, Takes: sleepTime, Run: func(v *Visit) error {
		return v.Sleep(sleepTime, nil)
	}},
}

// fault is a trial that applies a fault to the open connections; new ones work.
func fault(f faultproxy.Fault) func(*Visit) error {
	return func(v *Visit) error {
		v.Begin()
		v.Fault(f)
		return nil
	}
}

// cut makes the open connections lose everything that they carry.
func (v *Visit) cut() { v.Fault(faultproxy.Swallow) }

// moreHung is how long further clients of the page have to redial after the first.
// It is short, since the second dial of the first client must work again.
const moreHung = 500 * time.Millisecond

// redialHangs counts, for each client, from its own dial that hangs.
func (v *Visit) redialHangs() error {
	before := map[string]int{}
	for address, proxy := range v.lab.proxies {
		before[address] = len(proxy.Conns())
	}
	if err := v.FaultNew(faultproxy.Hang); err != nil {
		return err
	}
	v.Begin()
	reset := v.from
	v.Fault(faultproxy.Reset)
	limit, cancel := context.WithTimeout(v.tab, v.watched)
	defer cancel()
	count := func() (redialed, rows int) {
		for _, w := range v.record.rows {
			if rows++; !w.redial(reset).IsZero() {
				redialed++
			}
		}
		return redialed, rows
	}
	if err := v.wait(limit, func() bool { n, _ := count(); return n > 0 }); err != nil {
		return limitIsFine(err) // nobody redialed, and that is the outcome
	}
	more, cancelMore := context.WithTimeout(limit, moreHung)
	defer cancelMore()
	if err := v.wait(more, func() bool { n, all := count(); return n == all }); limitIsFine(err) != nil {
		return err
	}
	v.locked(func() {
		for _, w := range v.record.rows {
			if w.isNew {
				continue
			}
			at := w.redial(reset)
			if w.late = at.IsZero(); !w.late {
				w.from = at
				v.from = at
			}
		}
	})
	// The browser may report a dial before the proxy has accepted it; new
	// connections must not work before that.
	for _, w := range v.redialed(reset) {
		hung, cancel := context.WithTimeout(limit, 2*time.Second)
		_, _ = v.lab.proxies[w].Dialed(hung, before[w])
		cancel()
	}
	return v.FaultNew(faultproxy.None)
}

// redialed lists the addresses to which a client dialed since a moment.
func (v *Visit) redialed(since time.Time) (addresses []string) {
	v.locked(func() {
		for _, w := range v.record.rows {
			if a := w.newest().address(); !w.redial(since).IsZero() && v.lab.proxies[a] != nil {
				addresses = append(addresses, a)
			}
		}
	})
	return addresses
}

func limitIsFine(err error) error {
	if err == context.DeadlineExceeded {
		return nil
	}
	return err
}
