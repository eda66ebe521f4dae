package e2e

import (
	"context"
	_ "embed"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/internal/figures"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// engine is a tab in a browser that is not Chromium.
type engine interface {
	navigate(url string) error
	reload() error
	// evaluate gives the JSON of an expression, or of what its promise resolves to.
	evaluate(ctx context.Context, script string) ([]byte, error)
	// hide makes the page invisible, show makes it visible again.
	hide() error
	show() error
	pid() int // of the root of its processes

	// openTab opens a further one, beside the first that all the rest is about.
	openTab() (tab string, err error)
	navigateTab(tab, url string) error
	closeTab(tab string) error
}

// asText is a script that gives the JSON of an expression as a string.
func asText(expression string) string {
	return "(async () => JSON.stringify((await (" + expression + ")) ?? null))()"
}

// visitBy is newWorld in another engine.
func visitBy(t testing.TB, e engine, p traffic, options map[string]any) *world {
	t.Helper()
	s := newSite(t)
	tb := &tab{TB: t, page: context.Background(), engine: e, opened: time.Now(), changed: make(chan struct{})}
	s.home = tb.listen(s, "")
	w := &world{site: s, t: t, tab: tb}
	t.Cleanup(func() {
		if err := e.navigate("about:blank"); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(tb.story() + w.connections())
		}
	})
	if err := e.navigate(s.home + "/page.html"); err != nil {
		t.Fatal(err)
	}
	w.start(p, options)
	return w
}

//go:embed testdata/tell.js
var tell string

// listen serves the site's pages as they are, but for a `tell` that needs no
// driver, and a script before theirs. The page with the query ?1 tells the first of
// the further tabs, and so on.
func (tb *tab) listen(s *site, script string, further ...*tab) (url string) {
	mux := http.NewServeMux()
	mux.Handle("/", s.page.Config.Handler)
	mux.HandleFunc("/page.html", func(w http.ResponseWriter, r *http.Request) {
		html, err := testdata.ReadFile("testdata/page.html")
		must(err)
		io.WriteString(w, strings.Replace(string(html), "<script", "<script>"+tell+script+"</script>\n<script", 1))
	})
	mux.HandleFunc("/tell", func(w http.ResponseWriter, r *http.Request) {
		listener := tb
		if n, _ := strconv.Atoi(r.URL.RawQuery); n > 0 {
			listener = further[n-1]
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			_, data, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			listener.note(string(data))
		}
	})
	return serve(tb, mux).URL
}

func (w *world) pull(lever func() error) {
	w.t.Helper()
	if err := lever(); err != nil {
		w.Fatal(err)
	}
}

func TestFirefox(t *testing.T) { t.Parallel(); core(t, "Firefox", newFirefox(t)) }

// Not in parallel with others: on two processors, WebKit is too slow beside them.
func TestWebKit(t *testing.T) { core(t, "WebKit", newWebKit(t)) }

// core is what must hold in every engine.
func core(t *testing.T, name string, e engine) {
	t.Run("silent cut", func(t *testing.T) {
		w := visitBy(t, e, busy, nil)
		w.badge("live", soon)
		mark, from := w.mark(), time.Now()
		w.cut()
		w.measured(figures.Engines, name+": silent cut of a busy feed, visible", mark, from, 2500*time.Millisecond, w.healed)
		w.saw(mark, []string{"checking"})
	})
	t.Run("hidden, cut, then visible", func(t *testing.T) {
		w := visitBy(t, e, busy, nil)
		mark := w.mark()
		w.pull(e.hide)
		w.awaitPage(mark, soon, "hidden")
		w.awaitEvent(w.publish(), soon) // a hidden page has its events, too
		w.cut()
		w.pull(e.show)
		visible := w.awaitPage(mark, soon, "visible").happened()
		w.measured(figures.Engines, name+": hidden, cut, then visible", mark, visible, 300*time.Millisecond, w.healed)
	})
	t.Run("hidden, then visible, the link alive", func(t *testing.T) {
		w := visitBy(t, e, busy, nil)
		mark := w.mark()
		w.pull(e.hide)
		w.awaitPage(mark, soon, "hidden")
		w.pull(e.show)
		w.awaitPage(mark, soon, "visible")
		prevails(w) // on a busy machine an answer may take longer than a wake waits
		w.counted(figures.Engines, name+": hidden, then visible, the link alive")
	})
	t.Run("sleep without any event", func(t *testing.T) {
		w := visitBy(t, e, busy, nil)
		pull := func(lever func(int) error) { w.pull(func() error { return lever(e.pid()) }) }
		mark := w.mark()
		pull(levers.Stop)
		w.cut()
		<-time.After(5 * time.Second)
		woken := time.Now()
		pull(levers.Continue)
		w.measured(figures.Engines, name+": sleep without any event", mark, woken, 300*time.Millisecond, w.healed)
	})
	t.Run("reload with the cursor kept", func(t *testing.T) {
		w := visitBy(t, e, idle, keepsCursor)
		w.reopens(keepsCursor)
		w.run(`feed.close()`)
		w.settled("stopped", soon)
		w.badge("stopped", soon)
		w.publish() // while there is no page to hear it
		w.pull(e.reload)
		w.healed(10 * time.Second)
		w.counted(figures.Engines, name+": reloaded, the cursor kept")
	})
	truths(t, clientTabBy(e))
	values(t, clientTabBy(e))
	t.Run("tabs that share", func(t *testing.T) { tabsShare(t, e) })
}
