package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

// Something happens while the engine is not there, or while it takes over. Nothing
// is lost or doubled, and the badge is right.
func TestLateEngine(t *testing.T) {
	t.Parallel()
	startBrowser(t)
	cut := func(w *world) {
		w.cut()
		w.publish()
	}
	kill := func(w *world) {
		w.refuse()
		w.badge("reconnecting", patience)
		w.publish()
		w.serve()
	}
	freeze := func(w *world) {
		mark := w.mark()
		w.lever(levers.Freeze)
		w.awaitPage(mark, patience, "freeze")
		cut(w)
		w.lever(levers.Resume)
	}
	sleep := func(w *world) {
		cut(w)
		w.clock(10*time.Minute, 0)
	}
	reload := func(w *world) {
		w.reopens(lateOptions)
		mark := w.mark()
		cut(w) // so that nothing is delivered of which the old page cannot tell any more
		w.do(chromedp.Reload())
		w.awaitState(mark, patience, "live")
	}
	tests := map[string]func(*testing.T){}
	for name, happens := range map[string]struct{ before, during func(*world) }{
		"killed, then cut":       {kill, cut},
		"asleep, then killed":    {sleep, kill},
		"cut, then frozen":       {cut, freeze},
		"loaded again, then cut": {reload, cut},
	} {
		tests[name] = func(t *testing.T) {
			w, arrive := lateEngine(t)
			happens.before(w)
			w.healed(patience)
			arrive()
			happens.during(w)
			w.healed(patience)
			w.guarded()
		}
	}
	together(t, tests)
}

// patience is for a machine that is busy with other tests.
const patience = time.Minute

// lateOptions make a page see soon that its connection is dead.
var lateOptions = map[string]any{
	"wasmURL": "/late.wasm", "persist": "late", "visibleHeartbeat": 500, "challengeAfter": 500, "heartbeatTimeout": 2000, "minUptime": 300,
}

// lateEngine is a page that is live without an engine: client.wasm cannot be had at
// first, and then it comes when the test lets it arrive.
func lateEngine(t *testing.T) (w *world, arrive func()) {
	s, arrived := newSite(t), make(chan struct{})
	comes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-arrived:
			http.ServeFile(w, r, dist+"/client.wasm")
		case <-r.Context().Done():
		}
	})
	mux := http.NewServeMux()
	mux.Handle("/", s.page.Config.Handler)
	mux.Handle("/late.wasm", first(serveWasm("text/html", 503, nil), comes))
	s.home = serve(t, mux).URL
	w = enter(t, startBrowser(t), s, idle, lateOptions)
	w.unguarded("503")
	return w, func() { close(arrived) }
}
