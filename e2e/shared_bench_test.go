package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

// memoryPages are pages that show the same events and differ in the client only.
// Each has a promise, opened, that is kept once it is connected.
var memoryPages = map[string]string{
	"plain": memoryPage("", `const socket = new WebSocket(feedURL);
		socket.onmessage = ({ data }) => show(data);
		socket.onopen = done;`),
	// What the browser takes for a script of this size and for a SharedWorker.
	"plain-and-unused-shim": memoryPage(`import "/dist/shim.js";`, `const socket = new WebSocket(feedURL);
		socket.onmessage = ({ data }) => show(data);
		socket.onopen = done;`),
	"plain-worker": memoryPage("", `const { port } = new SharedWorker("/plain-worker.js?url=" + encodeURIComponent(feedURL));
		port.onmessage = ({ data }) => (data === "open" ? done() : show(data));`),
	"share": memoryPage(`import { connect } from "/dist/shim.js";`, `const feed = connect(feedURL, { share: true });
		feed.subscribe(({ data }) => show(JSON.stringify(data)));
		feed.ready.then(done);`),
	"alone": memoryPage(`import { connect } from "/dist/shim.js";`, `const feed = connect(feedURL);
		feed.subscribe(({ data }) => show(JSON.stringify(data)));
		feed.ready.then(done);`),
}

func memoryPage(imports, script string) string {
	return `<!doctype html><title>memory</title><p>data</p><script type="module">` + imports + `
		const feedURL = new URLSearchParams(location.search).get("url");
		const show = (text) => (document.querySelector("p").textContent = text);
		let done;
		globalThis.opened = new Promise((resolve) => (done = resolve));` + script + `</script>`
}

// plainWorker is the least that gives several pages one WebSocket.
const plainWorker = `const ports = [];
	const socket = new WebSocket(new URLSearchParams(location.search).get("url"));
	const tell = (text) => { for (const port of ports) port.postMessage(text); };
	socket.onmessage = ({ data }) => tell(data);
	socket.onopen = () => tell("open");
	onconnect = ({ ports: [port] }) => {
		ports.push(port);
		if (socket.readyState === WebSocket.OPEN) port.postMessage("open");
	};`

// memoryUse is what processes take, in bytes.
type memoryUse struct {
	footprint float64 // as Chromium's task manager counts it: anonymous pages
	pss       float64 // all pages; those that several processes have in common are divided among them
}

// BenchmarkNineFurtherTabs is the memory of the renderers of nine tabs beside one that
// is there already, for pages with different clients.
func BenchmarkNineFurtherTabs(b *testing.B) {
	sum := map[string]memoryUse{}
	for range b.N {
		for kind := range memoryPages {
			each := nineFurther(b, kind)
			sum[kind] = memoryUse{sum[kind].footprint + each.footprint, sum[kind].pss + each.pss}
		}
	}
	plain := sum["plain"]
	for kind, all := range sum {
		b.ReportMetric(all.footprint/float64(b.N)/9/1e6, kind+"-MB/tab")
		b.ReportMetric(all.pss/float64(b.N)/9/1e6, kind+"-pss-MB/tab")
		if kind != "plain" {
			b.ReportMetric(all.footprint/plain.footprint, kind+"/plain")
			b.ReportMetric(all.pss/plain.pss, kind+"-pss/plain")
		}
	}
	b.ReportMetric(0, "ns/op")
}

func nineFurther(b *testing.B, kind string) memoryUse {
	s := newSite(b)
	mux := http.NewServeMux()
	mux.Handle("/", s.page.Config.Handler)
	mux.HandleFunc("/memory.html", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, memoryPages[kind]) })
	mux.HandleFunc("/plain-worker.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, plainWorker)
	})
	home := serve(b, mux).URL
	// Without a process in reserve, the new processes are those of the new tabs. The
	// others do not count: one belongs to the browser's own pages, and grows for a while.
	browser, err := launch(chromedp.Flag("disable-features", "SpareRendererForSitePerProcess"))
	if err != nil {
		b.Fatal(err)
	}
	defer browser.cancel()
	own := browser.openTab(b, "about:blank")
	var tabs []*tab
	open := func() {
		tb := browser.openTabIn(b, own.page, home+"/memory.html?url="+s.url, nil)
		tb.run(`opened`)
		tabs = append(tabs, tb)
	}
	open()
	others := renderers(b, browser.pid())
	for range 9 {
		open()
	}
	further := slices.DeleteFunc(renderers(b, browser.pid()), func(pid int) bool { return slices.Contains(others, pid) })
	if len(further) != 9 {
		b.Fatalf("nine tabs have %d new renderers", len(further))
	}
	return settledMemory(b, tabs, further)
}

// settledMemory waits until engines have started, and collects the garbage of the tabs.
func settledMemory(b *testing.B, tabs []*tab, processes []int) (now memoryUse) {
	var last memoryUse
	for range 30 {
		<-time.After(2 * time.Second)
		for _, tb := range tabs {
			if err := chromedp.Do(tb.page, chromedp.Func(collectGarbage)); err != nil {
				b.Fatal(err)
			}
		}
		now = memoryUse{}
		for _, pid := range processes {
			now.footprint += processMemory(b, pid, "status", "RssAnon:")
			now.pss += processMemory(b, pid, "smaps_rollup", "Pss:")
		}
		if now.footprint >= 0.99*last.footprint && now.footprint <= 1.01*last.footprint {
			return now
		}
		last = now
	}
	b.Fatal("the memory does not settle")
	return now
}

func collectGarbage(ctx context.Context, _ *chromedp.Target) error {
	_, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{})
	return err
}

// renderers are the processes of pages.
func renderers(b *testing.B, root int) []int {
	processes, err := levers.Tree(root)
	if err != nil {
		b.Fatal(err)
	}
	return slices.DeleteFunc(processes, func(pid int) bool {
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return err != nil || !bytes.Contains(command, []byte("--type=renderer"))
	})
}

// processMemory reads one line of a file about a process.
func processMemory(b *testing.B, pid int, file, key string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte(key)); ok {
			kB, err := strconv.Atoi(string(bytes.Fields(value)[0]))
			if err != nil {
				b.Fatal(err)
			}
			return float64(kB) * 1024
		}
	}
	b.Fatalf("%s of process %d has no %s", file, pid, key)
	return 0
}
