package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/internal/figures"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// A tab that was thrown out of memory is loaded again when somebody looks at it,
// and goes on where it was.
func TestDiscardedTab(t *testing.T) {
	s := newSite(t)
	b := startBrowser(t)
	// A tab with a debugger is not discarded, so nobody looks into this one before.
	tb := &tab{TB: t, chromium: b, opened: time.Now(), changed: make(chan struct{})}
	w := &world{site: s, t: t, tab: tb}
	s.home = tb.listen(s, fmt.Sprintf(`sessionStorage.open ??= JSON.stringify([%q, { persist: "cursor" }]);`, s.url))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(tb.story() + w.connections())
		}
	})
	victim := s.home + "/page.html"
	w.create(victim)
	w.awaitState(0, 10*time.Second, "live")
	w.awaitEvent(w.publish(), soon)
	w.create("about:blank")
	w.awaitPage(0, soon, "hidden")

	left, err := levers.Discard(b.ctx, victim)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.proxy.AwaitLive(w.within(soon), 0); err != nil {
		t.Fatalf("the tab is gone and its socket is not: %v", err)
	}
	for range 10 {
		w.publish()
	}
	mark, from := w.mark(), time.Now()
	if _, err := chromedp.CallBrowser(b.ctx, target.ActivateTarget, target.ActivateTargetParams{TargetID: left}); err != nil {
		t.Fatal(err)
	}
	const figure = time.Second // that loading the page takes, most of all
	next := w.next(1, from, 3*figure+noise)
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(left))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // attach
		t.Fatal(err)
	}
	tb.page = ctx
	heals(w)
	if !eval[bool](tb, `document.wasDiscarded`) {
		t.Error("the tab was not discarded")
	}
	r := result{Group: figures.Tab, Scenario: "discarded, then shown, the cursor in sessionStorage", Figure: figure.Seconds()}
	w.tally(&r, mark, from, next)
	report(r)
}

// Of three tabs that share a connection one is thrown out of memory, and then the one
// that was there first, in whose process the worker may run. The others miss nothing,
// and each comes back at its own cursor.
func TestDiscardedTabsThatShare(t *testing.T) {
	s := newSite(t)
	b := startBrowser(t)
	tabs := make([]*tab, 3)
	for i := range tabs {
		tabs[i] = &tab{TB: t, chromium: b, opened: time.Now(), changed: make(chan struct{})}
	}
	s.home = tabs[0].listen(s, fmt.Sprintf(`sessionStorage.open ??= JSON.stringify([%q, { share: true, persist: "cursor" }]);`, s.url), tabs[1:]...)
	t.Cleanup(func() {
		if t.Failed() {
			for _, tb := range tabs {
				t.Log(tb.story())
			}
		}
	})
	ts := &sharingTabs{site: s, t: t}
	addresses := []string{s.home + "/page.html", s.home + "/page.html?1", s.home + "/page.html?2"}
	for i, tb := range tabs {
		w := &world{site: s, t: t, tab: tb}
		ts.all = append(ts.all, w)
		w.create(addresses[i])
		w.await(0, patient, "a live tab that shares", func(r record) bool { return r.Kind == "state" && r.Name == "live" })
		w.await(0, patient, "a tab that shares", func(r record) bool { return r.Kind == "state" && r.Shared })
	}
	ts.all[0].create("about:blank")
	ts.all[2].awaitPage(0, patient, "hidden")
	ts.exact(ts.all...)

	for _, i := range []int{1, 0} {
		victim := ts.all[i]
		others := slices.Concat(ts.all[:i], ts.all[i+1:])
		left, err := levers.Discard(b.ctx, addresses[i])
		if err != nil {
			t.Fatal(err)
		}
		mark := victim.mark()
		for range 100 {
			ts.publish()
		}
		ts.exact(others...)
		if victim.mark() != mark {
			t.Error("the discarded tab runs")
		}
		if _, err := chromedp.CallBrowser(b.ctx, target.ActivateTarget, target.ActivateTargetParams{TargetID: left}); err != nil {
			t.Fatal(err)
		}
		victim.await(mark, patient, "a tab that shares again", func(r record) bool { return r.Kind == "state" && r.Shared })
		ts.exact(ts.all...)
		ts.sockets(1)
	}
}

// create opens a tab in front of the others, without a debugger.
func (w *world) create(url string) {
	w.t.Helper()
	made, err := chromedp.CallBrowser(w.chromium.ctx, target.CreateTarget, target.CreateTargetParams{URL: url})
	if err != nil {
		w.Fatal(err)
	}
	w.t.Cleanup(func() {
		// One that was discarded is closed with what is left of it.
		_, _ = chromedp.CallBrowser(w.chromium.ctx, target.CloseTarget, target.CloseTargetParams(made))
	})
}
