package lab

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
)

// go redials; the address may be absolute.
const redial = `
	const address = (path) => new URL(path, location.href).href.replace(/^http/, "ws");
	function go(path) {
		const w = new WebSocket(address(path));
		w.onclose = () => setTimeout(go, 200, path);
	}
`

// pages are clients in every place that a page has for them.
var pages = map[string]string{
	"/ours":    `<script type="module">import { connect } from "/dist/shim.js"; connect("/feed");</script><script>new WebSocket("ws://" + location.host + "/feed?naive")</script>`,
	"/plain":   `<script>` + redial + `go("/feed")</script>`,
	"/worker":  `<script>new Worker("/worker.js")</script>`,
	"/shared":  `<script>new SharedWorker("/worker.js")</script>`,
	"/iframe":  `<iframe src="/plain"></iframe>`,
	"/foreign": `<iframe id="f"></iframe><script>f.src = "http://localhost:" + location.port + "/plain"</script>`,
	"/other":   `<script>` + redial + `go("ws://localhost:" + location.port + "/feed"); go("/feed?b")</script>`,
	"/random":  `<script>` + redial + `function r() { const w = new WebSocket(address("/feed/" + Math.random().toString(36).slice(2))); w.onclose = () => setTimeout(r, 200); } r()</script>`,
	"/click":   `<script>` + redial + `</script><button onclick='go("/feed")'>go live</button>`,
	"/login":   `<form action="/enter" method="post"><button>log in</button></form>`,
	"/inside":  `<script>` + redial + `go("/feed")</script>`,
	"/events":  `<script>new EventSource("/stream")</script>`,
	"/poll":    `<script>setInterval(() => fetch("/now").then((r) => r.text()).catch(() => {}), 500)</script>`,
	"/nothing": `<p>no connection</p>`,
}

// site serves the pages, and a feed that always has something to say.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	f, err := feed.New(feed.Options{OriginPatterns: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	mux := http.NewServeMux()
	for path, body := range pages {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("session"); err != nil && path == "/inside" {
				http.Redirect(w, r, "/login", http.StatusSeeOther)
				return
			}
			fmt.Fprint(w, "<!doctype html><title>"+path+"</title>"+body)
		})
	}
	mux.HandleFunc("/enter", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		http.Redirect(w, r, "/inside", http.StatusSeeOther)
	})
	mux.HandleFunc("/worker.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, redial+`go("/feed")`)
	})
	mux.HandleFunc("/stream", stream)
	mux.HandleFunc("/now", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, time.Now()) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusTeapot) })
	mux.Handle("/dist/", http.StripPrefix("/dist/", http.FileServer(http.Dir("../../dist"))))
	mux.Handle("/feed", f)
	mux.Handle("/feed/", f)
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() {
		for ctx.Err() == nil {
			if _, err := f.Publish(ctx, "time", []byte("1")); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			<-time.After(100 * time.Millisecond)
		}
	}()
	return server
}

func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		fmt.Fprint(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		select {
		case <-time.After(100 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
}

// open opens a page. Its clients may take long to come back on a busy machine; only one
// that does not come back at all is watched to the end.
func open(t *testing.T, o Options) *Lab {
	t.Helper()
	o.Watch, o.Settle = cmp.Or(o.Watch, 20*time.Second), 3*time.Second
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func named(t *testing.T, name string) Trial {
	t.Helper()
	for _, tr := range Trials {
		if tr.Name == name {
			return tr
		}
	}
	t.Fatalf("there is no trial %q", name)
	return Trial{}
}

// The lab tells a client that comes back from one that does not.
func TestClientsAreToldApart(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("../../dist/shim.js"); err != nil {
		t.Fatal("dist/shim.js is missing: run `make build` (or ./build.sh) first")
	}
	l := open(t, Options{Page: site(t).URL + "/ours", Watch: 12 * time.Second})
	for _, name := range []string{"the link is reset", "only packets from the server are lost", "the link is reset and the first redial hangs"} {
		t.Run(name, func(t *testing.T) { // one after the other: it is one page
			tr := named(t, name)
			outcomes, err := l.Try(tr)
			if err != nil {
				t.Fatal(err)
			}
			if len(outcomes) != 2 {
				t.Fatalf("%+v; want two clients", outcomes)
			}
			for _, o := range outcomes {
				faults := o.Faults(tr, l.options.Watch)
				if ours := !strings.Contains(o.Name, "naive"); ours != (len(faults) == 0) {
					t.Errorf("%s: %q (%+v)", o.Name, faults, o)
				}
			}
		})
	}
}

// Every place that a page has for a client is a row, and each client is found again.
func TestEveryPlaceOfAPage(t *testing.T) {
	t.Parallel()
	server := site(t)
	for _, c := range []struct {
		page    string
		kind    Kind
		context string
		rows    int
		steps   []Step
	}{
		{"/plain", WebSocket, "page", 1, nil},
		{"/worker", WebSocket, "worker ", 1, nil},
		{"/shared", WebSocket, "shared worker ", 1, nil},
		{"/iframe", WebSocket, "page", 1, nil},
		{"/foreign", WebSocket, "iframe http://localhost:", 1, nil},
		{"/other", WebSocket, "page", 2, nil},
		{"/random", WebSocket, "page", 1, nil},
		{"/click", WebSocket, "page", 1, []Step{Click("button")}},
		{"/login", WebSocket, "page", 1, []Step{Eval("document.forms[0].submit()")}},
		{"/events", EventSource, "page", 1, nil},
		{"/poll", Polling, "page", 1, nil},
	} {
		t.Run(c.page, func(t *testing.T) {
			t.Parallel() // it waits most of the time
			l := open(t, Options{Page: server.URL + c.page, Steps: c.steps})
			tr := named(t, "the link is reset")
			outcomes, err := l.Try(tr)
			if err != nil {
				t.Fatal(err)
			}
			if len(outcomes) != c.rows {
				t.Fatalf("%d rows, want %d: %+v", len(outcomes), c.rows, outcomes)
			}
			for _, o := range outcomes {
				if faults := o.Faults(tr, l.options.Watch); len(faults) > 0 || o.Skipped != "" {
					t.Errorf("%s: %q, skipped %q (%+v)", o.Name, faults, o.Skipped, o)
				}
				if o.Kind != c.kind || !strings.HasPrefix(o.Context, c.context) {
					t.Errorf("%s is a %s in %q, want %s in %q", o.Name, o.Kind, o.Context, c.kind, c.context)
				}
			}
		})
	}
}

// A trial of a program's own, with a cookie instead of a login.
func TestOwnTrial(t *testing.T) {
	t.Parallel()
	l := open(t, Options{Page: site(t).URL + "/inside", Cookies: []*http.Cookie{{Name: "session", Value: "1"}}})
	away := fmt.Errorf("away")
	if _, err := l.Try(Trial{Name: "broken", Run: func(*Visit) error { return away }}); err != away {
		t.Errorf("a trial that fails: %v", err)
	}
	outcomes, err := l.Try(Trial{Name: "nothing happens", Stays: MustStay, Watch: time.Second, Run: func(v *Visit) error {
		v.Begin()
		return nil
	}})
	if err != nil || len(outcomes) != 1 || outcomes[0].Dial != Never || !outcomes[0].Stayed {
		t.Errorf("%+v, %v; want a client that stays", outcomes, err)
	}
}

func TestPagesThatCannotBeTested(t *testing.T) {
	t.Parallel()
	server := site(t)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	for page, want := range map[string]string{
		"":                          "missing",
		"127.0.0.1":                 "http://",
		"ftp://127.0.0.1/":          "http://",
		"http:///path":              "names a host",
		"::":                        "not an address",
		"http://no-such.invalid/":   "cannot be resolved",
		"http://127.0.0.1:1/":       "nothing answers",
		secure.URL:                  "does not trust the certificate",
		server.URL + "/broken":      "answered 418",
		server.URL + "/nothing":     "it opened none",
		server.URL + "/click#again": "it opened none",
	} {
		t.Run(page, func(t *testing.T) {
			t.Parallel() // it waits most of the time
			l, err := Open(Options{Page: page, Wait: 12 * time.Second})
			if err == nil {
				l.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want %q", err, want)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	l := &Lab{options: Options{}.withDefaults()}
	about, most := l.Estimate([]Trial{{Takes: 10 * time.Second}, {Watch: 5 * time.Second, Settle: time.Second}})
	if want := 28*time.Second + 8*time.Second; about != want {
		t.Errorf("about %v, want %v", about, want)
	}
	if want := 78*time.Second + 8*time.Second; most != want {
		t.Errorf("at most %v, want %v", most, want)
	}
}
