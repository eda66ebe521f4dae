package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
)

// A tab that is hidden for long gets one timer a minute. That takes minutes, so
// these tests come first, and leave their tabs hidden while others run.

func TestHiddenForTwoMinutes(t *testing.T) {
	w, show := throttled(t)
	t.Parallel()
	<-time.After(time.Until(w.opened.Add(2 * time.Minute)))
	w.awaitThrottled()
	w.awaitEvent(w.publish(), soon) // a hidden page has its events
	if n := len(w.proxy.Conns()); n > 1 {
		t.Errorf("%d needless dials while the link was alive", n-1)
	}
	mark := w.mark()
	w.cut()
	show()
	from := w.awaitPage(mark, soon, "visible").happened()
	w.measured(figures.Tab, "hidden for 2 min, one timer a minute; cut, then visible", mark, from, 300*time.Millisecond, w.healed)
	w.saw(mark, []string{"checking"})
}

func TestSilentCutWhileThrottled(t *testing.T) {
	w, _ := throttled(t)
	cut := make(chan time.Time, 1)
	time.AfterFunc(100*time.Second, func() { cut <- w.fault(faultproxy.Swallow) })
	t.Parallel()
	from := <-cut
	w.awaitThrottled()
	all := w.seen()
	mark := slices.IndexFunc(all, func(r record) bool { return r.at.After(from) })
	// One timer to ask, one to judge, a minute each, after the heartbeat of 25 s should come.
	w.measured(figures.Tab, "hidden, one timer a minute: silent cut", max(mark, 0), from, 145*time.Second, w.healed)
}

// throttled is a page that is hidden in a browser that does after 10 s what
// others do after 5 min. It tells when its timers come rarely.
func throttled(t *testing.T) (w *world, show func()) {
	b := ownBrowser(t, chromedp.Flag("enable-features", "IntensiveWakeUpThrottling:grace_period_seconds/10"))
	w = enter(t, b, newSite(t), busy, nil)
	// Two ticks of a timer that wants to be each second, tens of seconds apart.
	w.run(`{ let last = performance.now(); setInterval(() => {
		const now = performance.now();
		if (now - last > 20_000) say("note", { text: "throttled" });
		last = now;
	}, 1000) }`)
	return w, w.hide()
}

func (w *world) awaitThrottled() {
	w.t.Helper()
	w.await(0, 3*time.Minute, "the throttling", func(r record) bool { return r.Text == "throttled" })
}
