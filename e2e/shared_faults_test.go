package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// The timers of a shared worker are not slowed down as those of hidden tabs are.
func TestHiddenTabsThatShareNoticeASilentCut(t *testing.T) {
	b := ownBrowser(t, chromedp.Flag("enable-features", "IntensiveWakeUpThrottling:grace_period_seconds/10"))
	ts := share(t, b, newSite(t), 2, map[string]any{})
	w := ts.all[1]
	for _, each := range ts.all {
		mark := each.mark()
		each.lever(levers.Minimize) // each has a window of its own
		each.awaitPage(mark, patient, "hidden")
	}
	t.Parallel()
	<-time.After(time.Until(w.opened.Add(20 * time.Second)))
	w.awaitEvent(w.publish(), patient)
	mark, from := w.mark(), w.fault(faultproxy.Swallow)
	w.awaitState(mark, 50*time.Second, "checking") // two timers of a hidden tab take longer
	w.measured(figures.Tab, "hidden tabs that share, one timer a minute: silent cut", mark, from, 30*time.Second, func(limit time.Duration) {
		w.awaitEvent(w.publish(), limit)
		ts.exact(ts.all...)
		ts.sockets(1)
	})
}

// A tab that crashes takes nothing from the others, not even when the worker ran in
// its process, and leaves no trace.
func TestTabThatSharesCrashes(t *testing.T) {
	t.Parallel()
	ts := share(t, startBrowser(t), newSite(t), 3, map[string]any{})
	ts.exact(ts.all...)
	crashed, others := ts.all[0], ts.all[1:]
	ctx, cancel := context.WithTimeout(crashed.tab.page, patient)
	defer cancel()
	// Nothing is left that could answer.
	go func() { _ = chromedp.Do(ctx, chromedp.Func(crashTab)) }()
	for range 100 {
		ts.publish()
	}
	ts.exact(others...)
	for _, w := range others {
		w.run(`feed.close()`)
	}
	ts.sockets(0)
	for late := time.After(patient); ts.current().Connected() > 0; {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatalf("%d clients are connected, want none", ts.current().Connected())
		}
	}
}

func crashTab(ctx context.Context, _ *chromedp.Target) error {
	_, err := chromedp.Call(ctx, page.Crash, cdp.Empty{})
	return err
}
