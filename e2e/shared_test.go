package e2e

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// patient is for what takes as long as the machine is busy.
const patient = 20 * time.Second

// sharingTabs are pages of one profile that ask for the same feed.
type sharingTabs struct {
	*site
	t   *testing.T
	own *tab // an empty one, in whose profile the others are: they end with it
	all []*world
}

// share opens so many tabs, in windows of their own.
func share(t *testing.T, b *chromium, s *site, count int, options map[string]any) *sharingTabs {
	t.Helper()
	ts := &sharingTabs{site: s, t: t, own: b.openTab(t, "about:blank")}
	options["share"] = true
	for range count {
		ts.open(b, options)
	}
	for _, w := range ts.all {
		w.await(0, patient, "a live tab that shares", func(r record) bool { return r.Kind == "state" && r.Name == "live" })
		w.await(0, patient, "a tab that shares", func(r record) bool { return r.Kind == "state" && r.Shared })
	}
	return ts
}

func (ts *sharingTabs) open(b *chromium, options map[string]any) *world {
	ts.t.Helper()
	w := &world{site: ts.site, t: ts.t, tab: b.openTabIn(ts.t, ts.own.page, ts.home+"/page.html", nil)}
	w.run(`open(%s, %s)`, w.url, options)
	ts.all = append(ts.all, w)
	return w
}

// exact waits until each tab has the newest event, and asserts that none got one
// twice, out of order or not at all.
func (ts *sharingTabs) exact(all ...*world) {
	ts.t.Helper()
	last := ts.publish()
	for _, w := range all {
		w.await(0, patient, "the newest event", func(r record) bool { return r.Kind == "event" && r.N == last })
		w.exact()
	}
}

// sockets waits until so many connections are alive.
func (ts *sharingTabs) sockets(n int) {
	ts.t.Helper()
	if err := ts.proxy.AwaitLive(ts.all[0].within(patient), n); err != nil {
		ts.t.Fatalf("%d live sockets, want %d: %v", ts.proxy.Live(), n, err)
	}
}

func TestTenTabsShareOneSocket(t *testing.T) {
	t.Parallel()
	ts := share(t, startBrowser(t), newSite(t), 10, map[string]any{})
	ts.exact(ts.all...)
	if n := len(ts.proxy.Conns()); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
	for i, w := range ts.all {
		if eval[bool](w.tab, `performance.getEntriesByType("resource").some((entry) => entry.name.endsWith("client.wasm"))`) {
			t.Errorf("tab %d has an engine of its own", i)
		}
	}

	// Nine are closed in random order during a burst.
	burst, stop := context.WithCancel(context.Background())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for burst.Err() == nil {
			for range 20 {
				ts.publish()
			}
			<-time.After(10 * time.Millisecond)
		}
	}()
	rand.Shuffle(len(ts.all), func(i, j int) { ts.all[i], ts.all[j] = ts.all[j], ts.all[i] })
	last := ts.all[9]
	for i, w := range ts.all[:9] {
		if err := chromedp.Cancel(w.tab.page); err != nil {
			t.Errorf("closing tab %d: %v", i, err)
		}
	}
	stop()
	<-sent
	ts.exact(last)
	if n := len(ts.proxy.Conns()); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
	if n := ts.current().Connected(); n != 1 {
		t.Errorf("%d clients are connected, want 1", n)
	}
	last.run(`feed.close()`)
	ts.sockets(0)
	request := httptest.NewRequest("GET", "/debug/clients?format=json", nil)
	answer := httptest.NewRecorder()
	ts.current().Debug().ServeHTTP(answer, request)
	var debug struct{ Drops []json.RawMessage }
	if err := json.Unmarshal(answer.Body.Bytes(), &debug); err != nil || len(debug.Drops) > 0 {
		t.Errorf("the last tab left, and it looked like a drop: %v, %s", err, debug.Drops)
	}
}

// A hidden, a frozen and a visible tab: the connection is lost in each way, and each
// tab has everything afterwards.
func TestTabsThatShareLoseTheConnection(t *testing.T) {
	t.Parallel()
	// There are many ways, so what is silent is found sooner than usual, and waits are short.
	ts := share(t, startBrowser(t), newSite(t), 3, map[string]any{"heartbeat": 2000, "visibleHeartbeat": 1000, "challengeAfter": 500, "minReconnectDelay": 100, "maxReconnectDelay": 500})
	hidden, frozen, visible := ts.all[0], ts.all[1], ts.all[2]
	ts.exact(ts.all...)
	fault := func(f faultproxy.Fault) func() { return func() { visible.fault(f) } }
	for _, way := range []struct {
		name string
		lose func()
	}{
		{"silence", visible.cut},
		{"silence of the server", fault(faultproxy.SwallowDown)},
		{"silence of the page", fault(faultproxy.SwallowUp)},
		{"the page's end closed", fault(faultproxy.HalfCloseUp)},
		{"the server's end closed", fault(faultproxy.HalfCloseDown)},
		{"a stall", fault(faultproxy.Hang)},
		{"a reset", fault(faultproxy.Reset)},
		{"a server away", func() { visible.refuse(); visible.serve() }},
	} {
		mark := frozen.mark()
		frozen.lever(levers.Freeze)
		frozen.awaitPage(mark, patient, "freeze")
		way.lose()
		ts.exact(hidden, visible)
		frozen.lever(levers.Resume)
		frozen.awaitPage(mark, patient, "resume")
		ts.exact(ts.all...)
		ts.sockets(1)
		if t.Failed() {
			t.Fatalf("after %s", way.name)
		}
	}
}

// A tab that cannot use the worker says why, and has its data all the same.
func TestTabsWithoutTheWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mux := http.NewServeMux()
	mux.Handle("/", s.page.Config.Handler)
	script, err := os.ReadFile(filepath.Join(dist, "shared-worker.js"))
	if err != nil {
		t.Fatal(err)
	}
	release := regexp.MustCompile(`"\d+\.\d+\.\d+[^"]*"`)
	mux.HandleFunc("/other/shared-worker.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(release.ReplaceAll(script, []byte(`"0.0.0-other"`)))
	})
	mux.HandleFunc("/strict.html", func(w http.ResponseWriter, r *http.Request) {
		html, err := testdata.ReadFile("testdata/page.html")
		must(err)
		policy := r.URL.Query().Get("worker")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src *; worker-src "+policy)
		w.Write(html)
	})
	s.home = serve(t, mux).URL
	b := startBrowser(t)
	for name, test := range map[string]struct {
		page    string
		options map[string]any
		prepare []chromedp.Action[chromedp.Void]
		says    string // "": it shares
	}{
		"worker-src 'self'": {page: "/strict.html?worker='self'"},
		"worker-src 'none'": {page: "/strict.html?worker='none'", says: "worker-src 'self'"},
		"trusted types":     {page: "/strict.html?worker='self'%3B+require-trusted-types-for+'script'%3B+trusted-types+wakesocket"},
		"no trusted types": {page: "/strict.html?worker='self'%3B+require-trusted-types-for+'script'%3B+trusted-types+'none'",
			says: "add wakesocket to trusted-types"},
		"no file":        {page: "/page.html", options: map[string]any{"workerURL": "/missing.js"}, says: "beside the shim"},
		"another build":  {page: "/page.html", options: map[string]any{"workerURL": "/other/shared-worker.js"}, says: "0.0.0-other"},
		"another origin": {page: "/page.html", options: map[string]any{"workerURL": "http://localhost:1/shared-worker.js"}, says: "own origin"},
		"no SharedWorker": {page: "/page.html", says: "no SharedWorker",
			prepare: []chromedp.Action[chromedp.Void]{onNewDocument(`delete globalThis.SharedWorker`)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{site: s, t: t, tab: b.openTab(t, s.home+test.page, test.prepare...)}
			options := map[string]any{"share": true, "topics": []string{"test"}}
			for key, value := range test.options {
				options[key] = value
			}
			w.run(`open(%s, %s)`, w.url, options)
			w.await(0, patient, "state live", func(r record) bool { return r.Kind == "state" && r.Name == "live" })
			w.awaitEvent(w.publish(), patient)
			if test.says == "" {
				w.await(0, patient, "a tab that shares", func(r record) bool { return r.Kind == "state" && r.Shared })
				if errs := w.errs(); len(errs) > 0 {
					t.Errorf("errors %q", errs)
				}
				return
			}
			r := w.await(0, patient, "a tab that says why it is alone", func(r record) bool { return r.Kind == "state" && r.Unshared != "" })
			if !strings.Contains(r.Unshared, test.says) || r.Shared {
				t.Errorf("it says %q; want %q in it", r.Unshared, test.says)
			}
			if errs := w.errs(); len(errs) != 1 || errs[0] != "share-failed" {
				t.Errorf("errors %q", errs)
			}
			w.exact()
		})
	}
}

func onNewDocument(source string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
		return err
	})
}
