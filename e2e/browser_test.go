package e2e

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

// chromium is one browser for all tests; each test has a tab in a profile of its
// own.
type chromium struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// browser starts chromium at its first use; TestMain stops it.
var browser = sync.OnceValues(func() (*chromium, error) {
	browserUsed = true
	return launch(chromedp.Flag("ignore-certificate-errors-spki-list", trusted().spki))
})

func launch(options ...chromedp.ExecAllocatorOption) (*chromium, error) {
	ctx, stop, err := levers.Launch(options...)
	return &chromium{ctx, stop}, err
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

// ownBrowser starts one for this test alone.
func ownBrowser(t testing.TB, options ...chromedp.ExecAllocatorOption) *chromium {
	t.Helper()
	b, err := launch(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.cancel)
	return b
}

// pid is the browser's own process, the root of its tree.
func (b *chromium) pid() int { return levers.Pid(b.ctx) }

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
