// Package lab puts the WebSocket clients of a page to sleep, cuts them off and
// wakes them, and tells how long they take to come back. It watches from outside,
// by what the browser tells of sockets, so the page may be anybody's.
package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// loading is how long a page has to open its sockets and hear from them.
const loading = 20 * time.Second

// Settling is for how long, at least, all should be well before a trial: clients
// count a connection as good only after some seconds.
const Settling = 6 * time.Second

// Lab is a browser whose every connection to the page's host goes through a
// proxy that fails on request.
type Lab struct {
	page    string
	limit   time.Duration
	proxy   *faultproxy.Proxy
	browser context.Context
	stop    func()
}

// Open starts a browser for the page at an http or https address. Clients have
// the limit to come back in each trial.
func Open(page string, limit time.Duration) (*Lab, error) {
	u, err := url.Parse(page)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	switch {
	case u.Hostname() == "":
		return nil, fmt.Errorf("%q has no host", page)
	case port == "" && u.Scheme == "http":
		port = "80"
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		return nil, fmt.Errorf("%q is neither http nor https", page)
	}
	proxy, err := faultproxy.Listen(net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, err
	}
	// The page keeps its own address, and with it its origin and certificate.
	rule := fmt.Sprintf("MAP %s %s", net.JoinHostPort(u.Hostname(), port), proxy.Addr())
	browser, stop, err := levers.Launch(chromedp.Flag("host-resolver-rules", rule))
	if err != nil {
		proxy.Close()
		return nil, err
	}
	return &Lab{page, limit, proxy, browser, stop}, nil
}

// Close ends the browser and resets its connections.
func (l *Lab) Close() {
	l.stop()
	l.proxy.Close()
}

// visit is a page on which all is well.
type visit struct {
	*Lab
	*sockets
	tab context.Context
}

// Outcome is what became of the clients of one WebSocket address.
type Outcome struct {
	Path string // of the address
	// Dial and Frame are from the moment of the trial to the next new WebSocket, and
	// to the first frame on one that was made since; [Never] when there was none
	// while they were watched.
	Dial, Frame time.Duration
	Watched     time.Duration
	Opened      int // sockets in all
}

// Never stands in an [Outcome] for what did not happen.
const Never time.Duration = -1

// Try opens the page, lets the trial happen to it once all has been well for so
// long, and watches what comes of it. The outcomes are in the order in which the
// page opened the addresses.
func (l *Lab) Try(tr Trial, well time.Duration) ([]Outcome, error) {
	if err := l.proxy.New(faultproxy.None); err != nil {
		return nil, err
	}
	tab, cancel := chromedp.NewContext(l.browser, chromedp.WithNewBrowserContext())
	defer cancel()
	v := &visit{l, newSockets(), tab}
	if err := chromedp.Do(tab, levers.PatchClock()); err != nil {
		return nil, err
	}
	if err := chromedp.Listen(tab, v.hear); err != nil {
		return nil, err
	}
	load, cancelLoad := context.WithTimeout(tab, loading)
	defer cancelLoad()
	if err := chromedp.Do(load, chromedp.Navigate(l.page)); err != nil {
		return nil, err
	}
	if err := v.wait(load, v.allHeard); err != nil {
		return nil, errors.New("the page opened no WebSocket that hears anything")
	}
	<-time.After(well)
	from, err := tr.happens(v)
	if err != nil {
		return nil, err
	}
	limit := cmp.Or(tr.limit, l.limit)
	watch, cancelWatch := context.WithDeadline(tab, from.Add(limit))
	defer cancelWatch()
	if err := v.wait(watch, func() bool { return v.allBack(from) }); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	return v.outcomes(from, limit), nil
}
