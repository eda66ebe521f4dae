//go:build long

package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A tab that is hidden for long gets one timer a minute. In this browser it is
// after 10 s, and not after 5 min; the test still takes three minutes, so it has
// a tag of its own: go test -tags long -run Throttling ./e2e/
func TestIntensiveThrottling(t *testing.T) {
	t.Parallel()
	b, err := launch(chromedp.Flag("enable-features", "IntensiveWakeUpThrottling:grace_period_seconds/10"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.cancel)
	throttled := func(t *testing.T) (w *world, show func()) {
		t.Parallel()
		w = enter(t, b, newSite(t), busy, nil)
		show = w.hide()
		// Two ticks of a timer that wants to be each second, tens of seconds apart.
		w.run(`{ let last = performance.now(); setInterval(() => {
			const now = performance.now();
			if (now - last > 20_000) say("note", { text: "throttled" });
			last = now;
		}, 1000) }`)
		w.await(0, 3*time.Minute, "the throttling", func(r record) bool { return r.Text == "throttled" })
		return w, show
	}
	t.Run("the link alive, then dead, then visible", func(t *testing.T) {
		w, show := throttled(t)
		if n := len(w.proxy.Conns()); n > 1 {
			t.Errorf("%d needless dials while the link was alive", n-1)
		}
		mark := w.mark()
		w.cut()
		show()
		from := w.awaitPage(mark, soon, "visible").happened()
		next := w.next(1, from, time.Second)
		w.healed(10 * time.Second)
		r := result{Scenario: "throttled for a minute, cut, then visible", Figure: 0.3}
		w.tally(&r, mark, from, next)
		report(r)
	})
	t.Run("the link dead", func(t *testing.T) {
		w, _ := throttled(t)
		mark := w.mark()
		w.cut()
		from := time.Now()
		// One timer to ask, one to judge, a minute each, after the beat is due.
		next := w.next(1, from, 160*time.Second)
		w.healed(time.Minute)
		r := result{Scenario: "throttled for a minute, silent cut", Figure: 145}
		w.tally(&r, mark, from, next)
		report(r)
	})
}
