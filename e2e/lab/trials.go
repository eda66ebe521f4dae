package lab

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// Trial is something that happens to a page.
type Trial struct {
	Name string
	// Column is where it stands in the table that compares clients; "" for nowhere.
	Column string
	// Told is a loss of which the browser tells the client. In other trials much
	// depends on when the client's heartbeat is next due.
	Told bool

	limit   time.Duration                   // instead of the lab's; 0 for that
	happens func(*visit) (time.Time, error) // returns the moment from which the times count
}

// Trials is all of them.
var Trials = []Trial{
	{Name: "the link dies in silence, the page visible", Column: "a", happens: func(v *visit) (time.Time, error) {
		return v.fault(faultproxy.Swallow)
	}},
	{Name: "the link dies in silence, the page hidden", happens: func(v *visit) (time.Time, error) {
		_, err := v.hide()
		v.cut()
		return time.Now(), err
	}},
	{Name: "only what the server says is lost", happens: func(v *visit) (time.Time, error) {
		return v.fault(faultproxy.SwallowDown)
	}},
	{Name: "only what the page says is lost: who hears all may stay", happens: func(v *visit) (time.Time, error) {
		return v.fault(faultproxy.SwallowUp)
	}},
	{Name: "sleep of 10 s, then the page is shown", Column: "b", happens: func(v *visit) (time.Time, error) {
		front, err := v.hide()
		if err != nil {
			return time.Time{}, err
		}
		woken, err := v.sleep(v.cut)
		if err != nil {
			return time.Time{}, err
		}
		return woken, levers.Show(v.tab, front)
	}},
	{Name: "sleep of 10 s, and no event tells", Column: "c", happens: func(v *visit) (time.Time, error) {
		return v.sleep(v.cut)
	}},
	{Name: "sleep of 10 h by the clock, and no event tells", Column: "c2", happens: func(v *visit) (time.Time, error) {
		v.cut()
		woken := time.Now()
		return woken, chromedp.Do(v.tab, levers.Clock(10*time.Hour, 0))
	}},
	{Name: "sleep of 10 s, then offline and online", Column: "d", happens: func(v *visit) (time.Time, error) {
		if err := levers.Offline(v.tab); err != nil {
			return time.Time{}, err
		}
		if _, err := v.sleep(v.cut); err != nil {
			return time.Time{}, err
		}
		<-time.After(time.Second) // a browser takes as long to wake; that is not the client's doing
		back := time.Now()
		return back, levers.Online(v.tab)
	}},
	{Name: "the link is reset and the first redial hangs", Column: "e", Told: true, happens: (*visit).redialHangs},
	{Name: "the link is reset", Column: "f", Told: true, happens: func(v *visit) (time.Time, error) {
		return v.fault(faultproxy.Reset)
	}},
	{Name: "the server closes its end and says nothing", Told: true, happens: func(v *visit) (time.Time, error) {
		return v.fault(faultproxy.HalfCloseDown)
	}},
	{Name: "the server is away for 5 s", Told: true, happens: func(v *visit) (time.Time, error) {
		if err := v.proxy.New(faultproxy.Refuse); err != nil {
			return time.Time{}, err
		}
		v.proxy.Existing(faultproxy.Reset)
		<-time.After(5 * time.Second)
		back := time.Now()
		return back, v.proxy.New(faultproxy.None)
	}},
	{Name: "the page is frozen, its link dies, it resumes and is shown", Column: "g", Told: true, happens: func(v *visit) (time.Time, error) {
		// Only hidden pages are frozen, and they resume when somebody looks.
		front, err := v.hide()
		if err != nil {
			return time.Time{}, err
		}
		if err := levers.Freeze(v.tab); err != nil {
			return time.Time{}, err
		}
		<-time.After(time.Second) // the page freezes after the command has returned
		v.cut()
		resumed := time.Now()
		if err := levers.Resume(v.tab); err != nil {
			return time.Time{}, err
		}
		return resumed, levers.Show(v.tab, front)
	}},
	{Name: "sleep of 10 s, the link alive: a dial is needless", Column: "needless", limit: 10 * time.Second, happens: func(v *visit) (time.Time, error) {
		return v.sleep(func() {})
	}},
}

// redialHangs counts from the dial that hangs. A client that does not redial within
// the limit has that limit once more.
func (v *visit) redialHangs() (time.Time, error) {
	v.mu.Lock()
	conns, sockets := len(v.proxy.Conns()), v.count()
	v.mu.Unlock()
	if err := v.proxy.New(faultproxy.Hang); err != nil {
		return time.Time{}, err
	}
	v.proxy.Existing(faultproxy.Reset)
	ctx, cancel := context.WithTimeout(v.tab, v.limit)
	defer cancel()
	// The browser may tell of the dial later than the proxy has seen it; then it
	// would pass for the next one.
	if _, err := v.proxy.Dialed(ctx, conns); err != nil || v.wait(ctx, func() bool { return v.count() > sockets }) != nil {
		return time.Now(), nil
	}
	hung := time.Now()
	return hung, v.proxy.New(faultproxy.None)
}

// fault puts a fault on the connections that there are; new ones work.
func (v *visit) fault(f faultproxy.Fault) (time.Time, error) {
	at := time.Now()
	v.proxy.Existing(f)
	return at, nil
}

// cut loses whatever the connections that there are carry.
func (v *visit) cut() { v.proxy.Existing(faultproxy.Swallow) }

// hide returns when the page knows that it is hidden.
func (v *visit) hide() (front target.ID, err error) {
	if front, err = levers.Hide(v.tab); err != nil {
		return front, err
	}
	const hidden = `new Promise((done) => document.hidden ? done() : addEventListener("visibilitychange", () => done(), { once: true }))`
	return front, chromedp.Do(v.tab, chromedp.Evaluate[chromedp.Void](hidden, chromedp.EvalAwaitPromise))
}

// sleep halts the browser for 10 s; meanwhile happens while it is halted.
func (v *visit) sleep(meanwhile func()) (woken time.Time, err error) {
	pid := levers.Pid(v.tab)
	if err := levers.Stop(pid); err != nil {
		return time.Time{}, err
	}
	meanwhile()
	<-time.After(10 * time.Second)
	woken = time.Now()
	return woken, levers.Continue(pid)
}
