package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

// plainPage is a page as an application writes it without a client.
const plainPage = `<!doctype html><title>plain</title><p>data</p><script type="module">
	const socket = new WebSocket(new URLSearchParams(location.search).get("url"));
	socket.onmessage = ({ data }) => (document.querySelector("p").textContent = data);
	socket.onopen = () => (globalThis.opened = true);
</script>`

// BenchmarkNineFurtherTabs is the memory of nine tabs beside one that is there
// already: tabs that share, tabs that do not, and pages with a plain WebSocket.
func BenchmarkNineFurtherTabs(b *testing.B) {
	sum := map[string]float64{}
	for range b.N {
		for kind, script := range map[string]string{
			"plain": `new Promise((done) => { const look = () => globalThis.opened ? done() : setTimeout(look, 20); look(); })`,
			"alone": `open(%s, {}).then(() => feed.ready)`,
			"share": `open(%s, { share: true }).then(() => feed.ready)`,
		} {
			sum[kind] += nineFurther(b, kind, script)
		}
	}
	for kind, bytes := range sum {
		b.ReportMetric(bytes/float64(b.N)/9/1e6, kind+"-MB/tab")
	}
	b.ReportMetric(sum["share"]/sum["plain"], "share/plain")
	b.ReportMetric(sum["alone"]/sum["plain"], "alone/plain")
	b.ReportMetric(0, "ns/op")
}

func nineFurther(b *testing.B, kind, script string) float64 {
	s := newSite(b)
	mux := http.NewServeMux()
	mux.Handle("/", s.page.Config.Handler)
	mux.HandleFunc("/plain.html", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, plainPage) })
	home := serve(b, mux).URL
	browser, err := launch()
	if err != nil {
		b.Fatal(err)
	}
	defer browser.cancel()
	own := browser.openTab(b, "about:blank")
	var tabs []*tab
	open := func() {
		page, args := "/page.html", []any{s.url}
		if kind == "plain" {
			page, args = "/plain.html?url="+s.url, nil
		}
		tb := browser.openTabIn(b, own.page, home+page, nil)
		tb.run(script, args...)
		tabs = append(tabs, tb)
	}
	open()
	one := settledMemory(b, browser.pid(), tabs)
	for range 9 {
		open()
	}
	return settledMemory(b, browser.pid(), tabs) - one
}

// settledMemory waits until engines have started, and collects the garbage of the tabs.
func settledMemory(b *testing.B, root int, tabs []*tab) (bytes float64) {
	last := 0.0
	for range 20 {
		<-time.After(time.Second)
		for _, tb := range tabs {
			if err := chromedp.Do(tb.page, chromedp.Func(collectGarbage)); err != nil {
				b.Fatal(err)
			}
		}
		bytes = rendererMemory(b, root)
		if bytes >= 0.99*last && bytes <= 1.01*last {
			return bytes
		}
		last = bytes
	}
	b.Fatal("the memory does not settle")
	return 0
}

func collectGarbage(ctx context.Context, _ *chromedp.Target) error {
	_, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{})
	return err
}

// rendererMemory is what the renderers of a browser take, each page of memory that
// several have in common divided among them.
func rendererMemory(b *testing.B, root int) (sum float64) {
	processes, err := levers.Tree(root)
	if err != nil {
		b.Fatal(err)
	}
	for _, pid := range processes {
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil || !bytes.Contains(command, []byte("--type=renderer")) {
			continue // it has ended, or is another part of the browser
		}
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for line := range bytes.Lines(rollup) {
			if value, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
				kB, err := strconv.Atoi(string(bytes.Fields(value)[0]))
				if err != nil {
					b.Fatal(err)
				}
				sum += float64(kB) * 1024
			}
		}
	}
	return sum
}
