package main

import (
	"context"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// trial is something that happens to a page. It returns the moment from which
// the times count.
type trial struct {
	name    string
	happens func(*visit) (time.Time, error)
}

// aliveName is the trial in which no dial is the best outcome.
const aliveName = "sleep of 10 s, the link alive: a dial is needless"

// aliveLimit is how long needless dials are waited for.
const aliveLimit = 10 * time.Second

var trials = []trial{
	{"the link dies in silence, the page visible", func(v *visit) (time.Time, error) { return v.fault(faultproxy.Swallow) }},
	{"the link dies in silence, the page hidden", func(v *visit) (time.Time, error) {
		_, err := levers.Hide(v.tab)
		v.cut()
		return time.Now(), err
	}},
	{"only what the server says is lost", func(v *visit) (time.Time, error) { return v.fault(faultproxy.SwallowDown) }},
	{"only what the page says is lost: who hears all may stay", func(v *visit) (time.Time, error) { return v.fault(faultproxy.SwallowUp) }},
	{"sleep of 10 s, then the page is shown", func(v *visit) (time.Time, error) {
		front, err := levers.Hide(v.tab)
		if err != nil {
			return time.Time{}, err
		}
		woken, err := v.sleep(v.cut)
		if err != nil {
			return time.Time{}, err
		}
		return woken, levers.Show(v.tab, front)
	}},
	{"sleep of 10 s, and no event tells", func(v *visit) (time.Time, error) { return v.sleep(v.cut) }},
	{"sleep of 10 h by the clock, and no event tells", func(v *visit) (time.Time, error) {
		v.cut()
		woken := time.Now()
		return woken, chromedp.Do(v.tab, levers.Clock(10*time.Hour, 0))
	}},
	{"sleep of 10 s, then offline and online", func(v *visit) (time.Time, error) {
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
	{"the link is reset", func(v *visit) (time.Time, error) { return v.fault(faultproxy.Reset) }},
	{"the server closes its end and says nothing", func(v *visit) (time.Time, error) { return v.fault(faultproxy.HalfCloseDown) }},
	{"the server is away for 5 s", func(v *visit) (time.Time, error) {
		if err := v.proxy.New(faultproxy.Refuse); err != nil {
			return time.Time{}, err
		}
		v.proxy.Existing(faultproxy.Reset)
		<-time.After(5 * time.Second)
		back := time.Now()
		return back, v.proxy.New(faultproxy.None)
	}},
	{"the link is reset and the first redial hangs", func(v *visit) (time.Time, error) {
		before := len(v.proxy.Conns())
		if err := v.proxy.New(faultproxy.Hang); err != nil {
			return time.Time{}, err
		}
		v.proxy.Existing(faultproxy.Reset)
		ctx, cancel := context.WithTimeout(v.tab, v.limit)
		defer cancel()
		hung, err := v.proxy.Dialed(ctx, before)
		if err != nil {
			return time.Now(), nil // nobody redials: that is the outcome
		}
		return hung.Accepted, v.proxy.New(faultproxy.None)
	}},
	{"the page is frozen, its link dies, it resumes", func(v *visit) (time.Time, error) {
		if err := levers.Freeze(v.tab); err != nil {
			return time.Time{}, err
		}
		v.cut()
		resumed := time.Now()
		return resumed, levers.Resume(v.tab)
	}},
	{aliveName, func(v *visit) (time.Time, error) { return v.sleep(func() {}) }},
}

// fault puts a fault on the connections that there are; new ones work.
func (v *visit) fault(f faultproxy.Fault) (time.Time, error) {
	at := time.Now()
	v.proxy.Existing(f)
	return at, nil
}

// cut loses whatever the connections that there are carry.
func (v *visit) cut() { v.proxy.Existing(faultproxy.Swallow) }

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
