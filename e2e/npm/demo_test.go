package npm

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

var pictures = flag.String("pictures", "", "directory to write the pictures of the docs to")

// demo runs the program of `make run` and returns its address.
func demo(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "web")
	run(t, nil, "go", "build", "-o", program, "../../web")
	server := exec.Command(program, "-addr", "127.0.0.1:0")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = write
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		read.Close()
	})
	var said []byte
	up := regexp.MustCompile(`url=(http://\S+)`)
	for {
		part := make([]byte, 4096)
		n, err := read.Read(part)
		said = append(said, part[:n]...)
		if found := up.FindSubmatch(said); found != nil {
			go func() { _, _ = new(bytes.Buffer).ReadFrom(read) }()
			return string(found[1])
		}
		if err != nil {
			t.Fatalf("the demo does not start: %v\n%s", err, said)
		}
	}
}

func resize(t *testing.T, tab context.Context, width int64) {
	t.Helper()
	params := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600}
	if _, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, params); err != nil {
		t.Fatal(err)
	}
}

func picture(t *testing.T, tab context.Context, name string, clip *page.Viewport) {
	t.Helper()
	if *pictures == "" {
		return
	}
	shot, err := chromedp.Call(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: clip, CaptureBeyondViewport: new(clip != nil)})
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, name), shot.Data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The demo tells at once what it is and what to press; what it then shows is
// true; and it can be used without a mouse and without seeing it.
func TestDemo(t *testing.T) {
	t.Parallel()
	site := demo(t)
	tab := openIn(t, browser(t), site)
	emulateScheme(t, tab, "light")
	resize(t, tab, 375)
	until(t, tab, `document.querySelector("wakesocket-badge").getAttribute("state") === "live"`)
	until(t, tab, `document.querySelector("#plain").dataset.claim === "live"`)
	wide, err := chromedp.Run(tab, chromedp.Evaluate[[]int](`[document.documentElement.scrollWidth, document.querySelector(".lede button").getBoundingClientRect().bottom | 0]`))
	if err != nil || wide[0] > 375 || wide[1] > 600 {
		t.Errorf("on a phone the page is %d px wide, and the button to press ends at %d px (%v)", wide[0], wide[1], err)
	}
	inBoth(t, tab, "the demo on a phone")

	resize(t, tab, 1280)
	click(t, tab, ".lede button")
	until(t, tab, `document.querySelector("#plain").dataset.lying === "true"`)
	until(t, tab, `Number(document.querySelector("#plain [data-field=missing]").textContent) > 0`)
	until(t, tab, `document.querySelector("wakesocket-badge").getAttribute("state") === "live"`)
	until(t, tab, `document.querySelector("#ours [data-field=truth]").textContent === "Up to date."`)
	until(t, tab, `document.querySelector("#ours [data-field=missing]").textContent === "0"`)

	// With the keyboard only: an outage is begun and ended, and the focus stays.
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#break [data-fault=hang]").focus()`)); err != nil {
		t.Fatal(err)
	}
	press(t, tab)
	until(t, tab, `!document.querySelector("[data-fault=heal]").hidden`)
	inBoth(t, tab, "the demo after a cut, in an outage")
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-fault=heal]").focus()`)); err != nil {
		t.Fatal(err)
	}
	press(t, tab)
	until(t, tab, `document.querySelector("[data-fault=heal]").hidden`)
	focused, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.activeElement.dataset.fault ?? document.activeElement.tagName`))
	if err != nil || focused != "hang" {
		t.Errorf("after the outage was ended the focus is on %q (%v); want the button that began it", focused, err)
	}

	if err := levers.Offline(tab); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `document.querySelector("wakesocket-badge").getAttribute("state") === "offline"`)
	inBoth(t, tab, "the demo without a network")
	if err := levers.Online(tab); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `document.querySelector("wakesocket-badge").getAttribute("state") === "live"`)

	if err := chromedp.Do(tab, chromedp.Navigate(site+"/debug/clients")); err != nil {
		t.Fatal(err)
	}
	inBoth(t, tab, "/debug/clients")
}

// Over a slow link the prices in sight stay young, also those that were scrolled to;
// the plain WebSocket's grow old.
func TestPrices(t *testing.T) {
	t.Parallel()
	tab := openIn(t, browser(t), demo(t)+"/prices.html")
	emulateScheme(t, tab, "light")
	resize(t, tab, 360)
	young := `document.querySelector("#ours").dataset.old === "false"`
	until(t, tab, `document.querySelector("#plain").dataset.old === "true" && `+young)
	first, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("tbody th").textContent`))
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#rows").scrollTop = 32_000`)); err != nil {
		t.Fatal(err)
	}
	rows := `[...document.querySelectorAll("tbody tr:not(.space)")]`
	until(t, tab, rows+`.every((row) => row.cells[0].textContent !== "`+first+`" && row.cells[1].textContent !== "–" && row.cells[2].dataset.old === "false")`)
	until(t, tab, young+` && Number(document.querySelector("#plain [data-field=rate]").textContent.replace(",", "")) > 0`)
	seen, err := chromedp.Run(tab, chromedp.Evaluate[[]int](`[document.documentElement.scrollWidth, `+rows+`.length, Number(`+rows+`[0].ariaRowIndex)]`))
	if err != nil || seen[0] > 360 || seen[1] > 60 || seen[2] < 990 || seen[2] > 1010 {
		t.Errorf("on a phone the page is %d px wide, with %d rows from the row %d on (%v)", seen[0], seen[1], seen[2], err)
	}
	inBoth(t, tab, "the prices on a phone")
}

func click(t *testing.T, tab context.Context, selector string) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.Fatal(err)
	}
}

// press presses Enter.
func press(t *testing.T, tab context.Context) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
}

// The pictures of the docs: go test ./e2e/npm -run TestPictures -pictures ../figures
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("writes the pictures of the docs; -pictures names their directory")
	}
	b := browser(t)
	tab := openIn(t, b, badges(t).URL+"/badges/")
	emulateScheme(t, tab, "light")
	resize(t, tab, 560)
	until(t, tab, "globalThis.shown?.()")
	picture(t, tab, "badge.png", &page.Viewport{X: 0, Y: 60, Width: 560, Height: 480, Scale: 1})

	site := demo(t)
	for _, width := range []int64{1280, 375} {
		for _, scheme := range []string{"light", "dark"} {
			tab := openIn(t, b, site)
			emulateScheme(t, tab, scheme)
			resize(t, tab, width)
			until(t, tab, `document.querySelector("#plain").dataset.claim === "live"`)
			<-time.After(6 * time.Second) // of data
			click(t, tab, ".lede button")
			until(t, tab, `Number(document.querySelector("#plain [data-field=missing]").textContent) > 30`)
			picture(t, tab, fmt.Sprintf("demo-%s-%d.png", scheme, width), &page.Viewport{Width: float64(width), Height: 600, Scale: 1})
		}
	}
}
