package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

func TestLoadsAndShowsLive(t *testing.T) {
	s := newSite(t)
	w := &world{site: s, t: t}
	w.tab = openTab(t, s.page.URL+"/page.html", levers.PatchClock())
	w.run(`globalThis.before = Object.getOwnPropertyNames(globalThis)`)
	s.publish() // before the page is there: not for it
	w.run(`open(%s)`, s.url)
	w.awaitState(0, 10*time.Second, "live")
	w.badge("live", soon)
	w.healed(soon)
	if got := w.events(); len(got) != 2 {
		t.Errorf("a new page was given %q; want only the two events published since", got)
	}
	known := map[string]bool{"before": true, "connect": true, "feed": true} // the page's own
	for _, name := range eval[[]string](w.tab, `Object.getOwnPropertyNames(globalThis).filter(name => !before.includes(name))`) {
		if !known[name] {
			t.Errorf("the client left a global behind: %s", name)
		}
	}
	w.stale("false")
}

// stale waits until the page's data are marked so.
func (w *world) stale(want string) {
	w.t.Helper()
	w.run(`new Promise(done => {
		const data = document.querySelector("[data-stale]");
		const look = () => data.dataset.stale === %s && (seen.disconnect(), done());
		const seen = new MutationObserver(look);
		seen.observe(data, { attributes: true });
		look();
	})`, want)
}

// A wake that heals at once makes nothing flicker.
func TestBadgeDoesNotFlicker(t *testing.T) {
	w := newWorld(t, busy, nil)
	w.badge("live", soon)
	<-time.After(minUptime)
	w.run(`{
		const badge = document.querySelector("wakesocket-badge");
		new MutationObserver(() => say("badge", { text: badge.getAttribute("state") })).observe(badge, { attributeFilter: ["state"] });
		new MutationObserver(() => say("badge", { text: "stale" })).observe(document.querySelector("[data-stale]"), { attributeFilter: ["data-stale"] });
	}`)
	mark := w.mark()
	w.proxy.Existing(faultproxy.Reset)
	w.dialed(1, soon)
	w.awaitState(mark, soon, "live")
	w.healed(soon)
	<-time.After(500 * time.Millisecond) // longer than the badge waits
	for _, r := range w.seen()[mark:] {
		if r.Kind == "badge" {
			t.Errorf("the page flickered: %v", r)
		}
	}
}

// A loss that lasts is shown, with the time of the next try and a button.
func TestBadgeTellsOfALoss(t *testing.T) {
	w := newWorld(t, idle, map[string]any{"minReconnectDelay": 20_000})
	w.stale("false")
	w.proxy.New(faultproxy.Refuse)
	w.proxy.Existing(faultproxy.Reset)
	w.badge("reconnecting", soon)
	w.stale("true")
	w.await(0, 10*time.Second, "a wait of seconds", func(r record) bool {
		return r.Kind == "state" && r.RetryAt > time.Now().Add(2*time.Second).UnixMilli()
	})
	w.badge("retry in", soon)
	w.publish()
	w.proxy.New(faultproxy.None)
	pressed := time.Now()
	w.run(`document.querySelector("wakesocket-badge").shadowRoot.querySelector("button").click()`)
	if c := w.dialed(1, soon); c.Accepted.Sub(pressed) > time.Second {
		t.Errorf("dialed %v after the button was pressed", c.Accepted.Sub(pressed))
	}
	w.healed(soon)
	w.stale("false")
}

// Offline is a state of its own, and the badge says so.
func TestBadgeTellsOffline(t *testing.T) {
	w := newWorld(t, idle, nil)
	w.lever(levers.Offline)
	w.proxy.Existing(faultproxy.Reset)
	w.badge("offline", 10*time.Second)
	w.lever(levers.Online)
	w.healed(10 * time.Second)
}

// The age of the data is on the badge.
func TestBadgeTellsTheAge(t *testing.T) {
	w := newWorld(t, idle, nil)
	w.badge("s ago", soon)
	w.cut() // else a jump of the clock is followed by a publish of ours
	w.clock(3*time.Minute, 0)
	w.badge("3 min", soon)
}

// Leaving a page is not a drop, whether the browser keeps the page for coming
// back, as it does when a link is followed, or not.
func TestLeavingIsNotADrop(t *testing.T) {
	for name, leave := range map[string]func(*world){
		"a link is followed": func(w *world) { w.run(`setTimeout(() => location.href = "/page.js")`) },
		"the tab is closed": func(w *world) {
			if _, err := chromedp.Call(w.tab.page, page.Close, cdp.Empty{}); err != nil {
				w.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, idle, nil)
			leave(w)
			if _, err := w.proxy.Conns()[0].AwaitServerEnd(w.within(soon)); err != nil {
				t.Fatalf("the page is gone and its connection is open: %v", err)
			}
			w.site.current().Close()
			if log := w.journal.String(); strings.Contains(log, "dropped") {
				t.Errorf("leaving was counted as a drop: %s", log)
			}
		})
	}
}
