package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestThePageNeverLies(t *testing.T) {
	t.Parallel()
	truths(t, clientTab)
}

// clientTabBy is clientTab in another engine.
func clientTabBy(e engine) func(testing.TB) *tab {
	return func(t testing.TB) *tab {
		t.Helper()
		requireDist(t)
		tb := &tab{TB: t, page: context.Background(), engine: e, opened: time.Now(), changed: make(chan struct{})}
		t.Cleanup(func() {
			if err := e.navigate("about:blank"); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Log(tb.story())
			}
		})
		if err := e.navigate(tb.listen(&site{TB: t, page: servePage(t)}, "") + "/page.html"); err != nil {
			t.Fatal(err)
		}
		return tb
	}
}

// until waits until a condition holds in the page.
func (tb *tab) until(condition string, args ...any) {
	tb.Helper()
	last := eval[string](tb, `new Promise(done => {
		const end = performance.now() + 20_000;
		const look = () => {
			let holds = false, problem = "";
			try { holds = (`+condition+`) } catch (error) { problem = String(error) }
			if (holds || performance.now() > end) done(holds ? "" : "never, " + problem + " " + document.body.outerHTML + badgeText());
			else setTimeout(look, 20);
		};
		look();
	})`, args...)
	if last != "" {
		tb.Fatalf("%s: %s", condition, last)
	}
}

// truths is what a page must show in every engine.
func truths(t *testing.T, open func(testing.TB) *tab) {
	t.Run("a topic that falls silent, and a publisher", func(t *testing.T) {
		tb := open(t)
		say := make(chan string)
		url := plainServer(t, func(p *peer) {
			for n := 0; ; {
				select {
				case topic := <-say:
					n++
					p.say(fmt.Sprintf(`{"id":"e-%d","topic":%q,"n":%d}`, n, topic, n))
				case _, open := <-p.received:
					if !open {
						return
					}
				}
			}
		})
		tb.run(`document.body.insertAdjacentHTML("beforeend",
			'<p id=cpu data-stale="cpu"></p><p id=mem data-stale-topic="mem" data-stale></p><p id=all data-stale></p><div id=host></div>')`)
		tb.run(`(() => { const outer = host.attachShadow({ mode: "open" });
			outer.innerHTML = "<p data-stale=cpu></p><div></div>";
			outer.querySelector("div").attachShadow({ mode: "open" }).innerHTML = "<p data-stale=mem></p>";
			globalThis.marks = () => [cpu, mem, all, outer.querySelector("p"), outer.querySelector("div").shadowRoot.querySelector("p")].map(p => p.dataset.stale).join(" ");
			globalThis.changes = [];
		})()`)
		tb.run(`open(%s, { staleAfter: { cpu: 1500, mem: 1500 } }).then(() => {
			for (const type of ["stale", "fresh"]) feed.addEventListener(type, (e) => changes.push(type + " " + e.detail.topic)) })`, url)
		speak := func(topics ...string) (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				for ctx.Err() == nil {
					for _, topic := range topics {
						select {
						case say <- topic:
						case <-ctx.Done():
						}
					}
					select {
					case <-time.After(50 * time.Millisecond):
					case <-ctx.Done():
					}
				}
			}()
			return func() { cancel(); <-done }
		}
		stop := speak("cpu", "mem")
		tb.until(`marks() === "false false false false false" && badgeText().startsWith("Live")`)
		stop()
		stop = speak("mem")
		tb.until(`marks() === "true false true true false" && badgeText().includes("cpu silent")`)
		if eval[string](tb, `feed.state.name + feed.topic("cpu").stale + feed.topic("mem").stale + feed.topic().stale + feed.staleTopics`) != "livetruefalsetruecpu" {
			t.Error("the feed does not know of the silent topic")
		}
		stop()
		tb.until(`marks() === "true true true true true" && badgeText().includes("cpu, mem silent")`)
		stop = speak("cpu", "mem")
		tb.until(`marks() === "false false false false false" && badgeText().startsWith("Live")`)
		stop()
		if got := eval[string](tb, `[...new Set(changes)].sort().join(", ")`); got != "fresh cpu, fresh mem, stale cpu, stale mem" {
			t.Errorf("the page was told %s", got)
		}
	})

	t.Run("a plain server begins its ids anew", func(t *testing.T) {
		tb := open(t)
		tb.run(`open(%s, { firstRetryWindow: 0 })`, plainServer(t, func(p *peer) {
			for n := 1; n <= 3; n++ {
				p.say(fmt.Sprintf(`{"id":%d,"n":%d}`, n, 10*p.n+n))
			}
			if p.n > 0 {
				p.gone()
			}
		}))
		tb.delivers("1#1", "2#2", "3#3", "1#11", "2#12", "3#13")
		tb.settled("live", soon)
		gap := tb.await(0, soon, "a gap", func(r record) bool { return r.Kind == "gap" })
		if gap.Reason != "restarted" || gap.After != "3" || gap.Earliest != "1" {
			t.Errorf("the page was told %v", gap)
		}
	})

	t.Run("one feed of two is closed, one fails", func(t *testing.T) {
		tb := open(t)
		url := plainServer(t, func(p *peer) {
			if strings.Contains(p.request.URL.RawQuery, "refuse") {
				p.Close(websocket.StatusCode(4403), "not for you")
				return
			}
			p.say(`{"id":"a","n":1}`)
			p.gone()
		})
		tb.run(`open(%s)`, url)
		tb.until(`document.querySelector("[data-stale]").dataset.stale === "false"`)
		tb.run(`(() => { globalThis.second = connect(%s); globalThis.third = connect(%s) })()`, url, url+"?refuse")
		tb.until(`second.state.name === "live" && third.state.name === "failed"`)
		tb.run(`second.close()`)
		tb.until(`second.state.name === "stopped" && badgeText().startsWith("Live") && document.querySelector("[data-stale]").dataset.stale === "false"`)
	})

	t.Run("several copies of shim.js", func(t *testing.T) {
		tb := open(t)
		url := plainServer(t, sayToAll(`{"id":"a","n":1}`))
		tb.run(`open(%s)`, url)
		stale := func(want bool) {
			t.Helper()
			tb.until(`document.querySelector("[data-stale]").dataset.stale === "` + fmt.Sprint(want) + `"`)
		}
		stale(false)
		tb.run(`import("/dist/shim.js?again").then(({ connect }) => { globalThis.copy = connect(%s) })`, url)
		tb.until(`copy.state.name === "live"`)
		stale(false)
		tb.run(`(() => { copy.close(); feed.close() })()`)
		stale(true)
		tb.run(`feed.reconnect()`)
		stale(false)
		script := `new Promise(done => document.body.append(Object.assign(document.createElement("script"), { src: "/older.js", onload: done })))`
		tb.run(script)
		tb.run(`olderFeed("live")`)
		stale(false)
		tb.run(`olderFeed("reconnecting")`)
		stale(true)
		tb.run(`olderFeed("live")`)
		stale(false)
		tb.until(`badgeText().startsWith("Live")`)
	})

	t.Run("a copy without a feed, and then an older one", func(t *testing.T) {
		tb := open(t)
		tb.run(`import("/dist/shim.js").then(() => new Promise(done => document.body.append(Object.assign(document.createElement("script"), { src: "/older.js", onload: done }))))`)
		tb.run(`olderFeed("live")`)
		tb.until(`badgeText() === "live"`)
		tb.until(`document.querySelector("[data-stale]").dataset.stale === "false"`)
	})

	t.Run("a copy of the tab has another id, the page after a reload the same", func(t *testing.T) {
		tb := open(t)
		clients := make(chan string, 10)
		url := plainServer(t, func(p *peer) { clients <- p.request.URL.Query().Get("client"); p.say(`{"id":"a"}`); p.gone() })
		tb.run(`(() => { sessionStorage.setItem("open", JSON.stringify([%s])); open(%s) })()`, url, url)
		first := <-clients
		tb.settled("live", soon)
		// What a browser copies when it duplicates a tab.
		if kept := eval[string](tb, `JSON.stringify(sessionStorage)`); strings.Contains(kept, first) {
			t.Errorf("the id %s is where a copy of the tab finds it: %s", first, kept)
		}
		tb.run(`void setTimeout(() => location.reload())`)
		if again := <-clients; again != first {
			t.Errorf("the page was %s, and after a reload it is %s", first, again)
		}
	})

	t.Run("in a worker", func(t *testing.T) {
		tb := open(t)
		url := plainServer(t, sayToAll(`{"id":"a","n":7}`))
		tb.run(`(() => {
			const source = "import(" + JSON.stringify(new URL("/dist/shim.js", location).href) + ").then(({ connect }) => {" +
				"const feed = connect(" + JSON.stringify(%s) + "); feed.subscribe((e) => feed.ready.then(() => postMessage(feed.state.name + e.n))) })";
			globalThis.worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
			worker.onmessage = ({ data }) => (globalThis.told = data);
			worker.onerror = ({ message }) => (globalThis.told = message);
		})()`, url)
		tb.until(`globalThis.told === "live7"`)
		tb.run(`worker.terminate()`)
	})

	t.Run("an old browser", func(t *testing.T) {
		tb := open(t)
		tb.run(`(() => {
			delete Document.prototype.adoptedStyleSheets;
			delete ShadowRoot.prototype.adoptedStyleSheets;
			globalThis.CSSStyleSheet = function () { throw new TypeError("Illegal constructor") };
			for (const name of ["reportError", "scheduler", "structuredClone"]) try { delete globalThis[name] } catch {}
		})()`)
		tb.run(`open(%s)`, plainServer(t, sayToAll(`{"id":"a","n":1}`)))
		tb.until(`badgeText().startsWith("Live") && document.querySelector("[data-stale]").dataset.stale === "false"`)
		tb.run(`feed.close()`)
		tb.until(`getComputedStyle(document.querySelector("[data-stale]")).opacity === "0.6"`)
		tb.until(`getComputedStyle(document.querySelector("wakesocket-badge").shadowRoot.querySelector("[part=dot]")).borderRadius !== "0px"`)
	})
}

// sayToAll says these frames to everybody.
func sayToAll(frames ...string) func(*peer) {
	return func(p *peer) {
		for _, frame := range frames {
			p.say(frame)
		}
		p.gone()
	}
}
