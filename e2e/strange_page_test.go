package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/web/feed"
)

// frozenIntrinsics is what pages do that run code of strangers.
const frozenIntrinsics = `for (const name of Object.getOwnPropertyNames(globalThis)) {
	const value = /^[A-Z]/.test(name) && globalThis[name];
	if (typeof value === "function") [value, value.prototype].forEach(Object.freeze);
}`

// arraysOfOldLibraries gives arrays what Prototype.js gave them.
const arraysOfOldLibraries = `Array.prototype.toJSON = function () { return "[" + this.map(x => JSON.stringify(x)).join(", ") + "]" };
	Array.prototype.each = Array.prototype.forEach;
	Array.prototype.entries = Array.prototype.slice;
	Object.prototype.inherited = true;`

// fieldsOfAllObjects are what a careless extension of all objects adds to frames, too.
const fieldsOfAllObjects = `Object.assign(Object.prototype, { wakesocket: "hello", id: "inherited", time: 5, after: () => {}, every: 5 })`

// changedGlobals stands for tools that watch a page: each call goes through code of theirs.
const changedGlobals = `const Socket = WebSocket, Observer = MutationObserver, later = setTimeout;
	WebSocket = function (...args) { return new Socket(...args) };
	Object.assign(WebSocket, { prototype: Socket.prototype });
	MutationObserver = class extends Observer { constructor(f) { super((...args) => later(f, 0, ...args)) } };
	setTimeout = (f, ...args) => later(() => f(), ...args);
	queueMicrotask = (f) => later(f, 0);`

// Pages that are not as others are: the client works in each of them as it does elsewhere.
func TestStrangePages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	said := make(chan string, 10)
	s.use(feed.Options{OriginPatterns: []string{"null"}, OnMessage: func(_ feed.Client, data []byte) { said <- string(data) }})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if policy := r.URL.Query().Get("policy"); policy != "" {
			w.Header().Set(r.URL.Query().Get("header"), policy)
		}
		s.page.Config.Handler.ServeHTTP(w, r)
	})
	s.home = serve(t, mux).URL
	b := startBrowser(t)
	const marked = `new Promise((done) => {
		const look = () => document.querySelector("[data-stale=false]") ? done() : setTimeout(look, 20);
		look();
	})`
	for name, test := range map[string]struct {
		query  string
		before string // runs before the page
		then   string // runs when it is live
		last   string // is true at the end
	}{
		"sandboxed":           {query: "?header=Content-Security-Policy&policy=sandbox+allow-scripts"},
		"policy that reports": {query: "?header=Content-Security-Policy-Report-Only&policy=default-src+'none'"},
		"trusted types":       {query: "?header=Content-Security-Policy&policy=require-trusted-types-for+'script'%3B+trusted-types+'none'"},
		"frozen intrinsics":   {before: frozenIntrinsics},
		"changed arrays":      {before: arraysOfOldLibraries},
		"changed globals":     {before: changedGlobals},
		"changed objects":     {before: fieldsOfAllObjects},
		"document.open": {then: `document.open();
			document.write("<!doctype html><wakesocket-badge></wakesocket-badge><p data-stale></p>");
			document.close();`,
			last: `dispatchEvent(new PageTransitionEvent("pagehide")), feed.state.name === "stopped"`},
		"another body": {then: `document.body.replaceWith(document.createElement("body"));
			document.body.innerHTML = "<wakesocket-badge></wakesocket-badge><p data-stale></p>";`},
		"badge in another window": {then: `const frame = document.createElement("iframe"), badge = document.querySelector("wakesocket-badge");
			document.body.append(frame);
			frame.contentDocument.body.append(badge);
			document.adopted = badge.shadowRoot.adoptedStyleSheets.length;
			document.body.append(badge);`},
		"mark in another window": {then: `const frame = document.createElement("iframe"), mark = document.querySelector("[data-stale]");
			document.body.append(frame, Object.assign(document.createElement("p"), { id: "other" }));
			other.setAttribute("data-stale", "");
			frame.contentDocument.body.append(mark);
			document.moved = mark;`,
			last: `new Promise((done) => {
				feed.close();
				const look = () => document.moved.dataset.stale === "true" && other.dataset.stale === "true" ? done(true) : setTimeout(look, 20);
				look();
			})`},
	} {
		t.Run(name, func(t *testing.T) {
			var prepare []chromedp.Action[chromedp.Void]
			if test.before != "" {
				prepare = append(prepare, onNewDocument(test.before))
			}
			w := &world{site: s, t: t, tab: b.openTab(t, s.home+"/page.html"+test.query, prepare...)}
			w.run(`open(%s, { topics: ["test"] })`, w.url)
			w.settled("live", patient)
			w.engine()
			w.run(`feed.setTopics(["test", "other"])`)
			w.run(`feed.send(%s)`, name)
			select {
			case text := <-said:
				if text != strconv.Quote(name) {
					t.Errorf("the feed heard %s", text)
				}
			case <-time.After(patient):
				t.Error("the feed did not hear what the page sent")
			}
			w.awaitEvent(w.publish(), patient)
			if test.then != "" {
				w.run(test.then)
			}
			w.awaitEvent(w.publish(), patient)
			w.badge("live", patient)
			looks := `document.querySelector("wakesocket-badge").shadowRoot.adoptedStyleSheets.length + (document.adopted ?? 1)`
			if n := eval[int](w.tab, looks); n != 2 {
				t.Errorf("the badge has lost its style sheet: %d", n)
			}
			w.run(marked)
			w.exact()
			if test.last != "" && !eval[bool](w.tab, test.last) {
				t.Error("not true:", test.last)
			}
			if errs := w.errs(); len(errs) > 0 {
				t.Errorf("errors %q", errs)
			}
			for _, r := range w.seen() {
				if r.Kind == "uncaught" || r.Unguarded != "" {
					t.Error(r)
				}
			}
		})
	}
}
