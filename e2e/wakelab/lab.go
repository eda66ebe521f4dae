package main

import (
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

const (
	loading = 20 * time.Second // for a page to open its sockets and hear from them
	// settling is how long all is well before a lever is pulled: clients count a
	// connection as good only after some seconds.
	settling = 6 * time.Second
)

// lab is a browser whose every connection to the page's host goes through a
// proxy of ours.
type lab struct {
	page    string
	limit   time.Duration
	proxy   *faultproxy.Proxy
	browser context.Context
	stop    func()
}

func newLab(page string, limit time.Duration) (*lab, error) {
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
	return &lab{page, limit, proxy, browser, stop}, nil
}

func (l *lab) close() {
	l.stop()
	l.proxy.Close()
}

// visit is a page on which all is well.
type visit struct {
	*lab
	*sockets
	tab context.Context
}

// outcome is what became of the clients of one WebSocket address.
type outcome struct {
	socket      string
	dial, frame string // seconds, or "> limit"
	opened      int
}

// try opens the page, lets the trial happen to it and watches what comes of it.
func (l *lab) try(tr trial) ([]outcome, error) {
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
	<-time.After(settling)
	from, err := tr.happens(v)
	if err != nil {
		return nil, err
	}
	limit := l.limit
	if tr.name == aliveName {
		limit = aliveLimit
	}
	watch, cancelWatch := context.WithDeadline(tab, from.Add(limit))
	defer cancelWatch()
	if err := v.wait(watch, func() bool { return v.allBack(from) }); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	return v.outcomes(from, limit), nil
}
