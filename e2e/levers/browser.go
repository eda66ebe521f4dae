package levers

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// flags keep Chromium off the network and from killing a halted process. They do
// not switch off what browsers do to pages in the background: the levers test that.
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
	chromedp.Flag("disable-hang-monitor", true),
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("metrics-recording-only", true),
	chromedp.Flag("mute-audio", true),
	chromedp.Flag("password-store", "basic"),
}

// Launch starts a headless Chromium with a profile of its own. The context is
// chromedp's; stop ends the browser.
func Launch(options ...chromedp.ExecAllocatorOption) (ctx context.Context, stop func(), err error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, errors.New("this needs Chromium on the PATH as `chromium`: on Debian, `apt-get install chromium`")
	}
	options = append(append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(path)}, flags...), options...)
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case err = <-started:
	case <-time.After(time.Minute):
		err = errors.New("no answer for a minute")
	}
	if err != nil {
		cancelAlloc()
		return nil, nil, fmt.Errorf("chromium does not start: %w", err)
	}
	return ctx, func() {
		_ = chromedp.Cancel(ctx) // in order if it can be
		cancel()
		cancelAlloc()
	}, nil
}

// Pid is the browser's own process, the root of its tree.
func Pid(ctx context.Context) int { return chromedp.FromContext(ctx).Browser.Process().Pid }
