package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is one browser for all tests; each test has a tab in a profile of its
// own. Nothing that browsers do to pages in the background is switched off: it
// is what is under test.
type chromium struct {
	ctx    context.Context
	cancel context.CancelFunc
}

var flags = []chromedp.ExecAllocatorOption{
	chromedp.NoFirstRun,
	chromedp.NoDefaultBrowserCheck,
	chromedp.Headless,
	chromedp.DisableGPU,
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-default-apps", true),
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("disable-extensions", true),
	chromedp.Flag("disable-hang-monitor", true), // a halted browser must not be judged
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("metrics-recording-only", true),
	chromedp.Flag("mute-audio", true),
	chromedp.Flag("password-store", "basic"),
}

// browser starts chromium at its first use; TestMain stops it.
var browser = sync.OnceValues(func() (*chromium, error) {
	browserUsed = true
	return launch(chromedp.Flag("ignore-certificate-errors-spki-list", trusted().spki))
})

func launch(options ...chromedp.ExecAllocatorOption) (*chromium, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, errors.New("these tests need Chromium on the PATH as `chromium`: on Debian, `apt-get install chromium`")
	}
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), append(append(options, flags...), chromedp.ExecPath(path))...)
	ctx, cancel := chromedp.NewContext(alloc)
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case err = <-started:
	case <-time.After(time.Minute):
		err = errors.New("it said nothing for a minute")
	}
	if err != nil {
		cancelAlloc()
		return nil, fmt.Errorf("chromium does not start: %w", err)
	}
	return &chromium{ctx, func() {
		chromedp.Cancel(ctx)
		cancel()
		cancelAlloc()
	}}, nil
}

var browserUsed bool

func startBrowser(t testing.TB) *chromium {
	t.Helper()
	b, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pid is the browser's own process, the root of its tree.
func (b *chromium) pid() int { return chromedp.FromContext(b.ctx).Browser.Process().Pid }

func TestMain(m *testing.M) {
	code := m.Run()
	if browserUsed {
		if b, err := browser(); err == nil {
			b.cancel()
		}
	}
	if err := writeReport(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
