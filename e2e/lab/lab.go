// Package lab tests how the clients of a web page come back: it puts the page to
// sleep, cuts its connections off and measures. It watches from outside, by what
// the browser reports, so it works with any page and any client: every WebSocket,
// EventSource and polling loop, in the page, its iframes and its workers, to any
// host, is a row of its own.
package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// Options of a [Lab].
type Options struct {
	// Page is the address of the page, http or https. It is required.
	Page string
	// Watch is how long the clients are watched in each trial.
	// Defaults to one minute.
	Watch time.Duration
	// Wait is how long the page has to open its connections.
	// Defaults to 20 s.
	Wait time.Duration
	// Settle is how long everything is left alone before each trial, from the last
	// dial on, since clients count a connection as good only after some seconds.
	// Defaults to 6 s.
	Settle time.Duration
	// Steps are done once the page is loaded: a login, a click.
	// Defaults to none.
	Steps []Step
	// Cookies are set before the page is loaded. Only Name and Value are used.
	// Defaults to none.
	Cookies []*http.Cookie
	// Header is sent with each request of the page.
	// Defaults to none.
	Header http.Header
	// Profile is a directory with a Chromium profile, for example one in which
	// somebody has logged in. No other browser may use it at the same time.
	// Defaults to a new, empty profile for each trial.
	Profile string
	// Insecure accepts certificates that nobody trusts.
	// Defaults to false.
	Insecure bool
}

// Settling is the default of [Options.Settle].
const Settling = 6 * time.Second

func (o Options) withDefaults() Options {
	o.Watch = cmp.Or(o.Watch, time.Minute)
	o.Wait = cmp.Or(o.Wait, 20*time.Second)
	o.Settle = cmp.Or(o.Settle, Settling)
	return o
}

// Lab is a browser whose connections to the hosts of the page's clients go through
// proxies that fail on request.
type Lab struct {
	options Options
	profile string                       // directory of the browser's profile
	proxies map[string]*faultproxy.Proxy // by the address that they forward to
	browser context.Context
	stop    func()
}

// Open starts a browser and visits the page once, to learn which hosts its clients
// connect to. It fails when the page cannot be loaded, or opens no connection.
func Open(o Options) (*Lab, error) {
	o = o.withDefaults()
	host, err := check(o.Page)
	if err != nil {
		return nil, err
	}
	l := &Lab{options: o, profile: o.Profile, proxies: map[string]*faultproxy.Proxy{}, stop: func() {}}
	if l.profile == "" {
		if l.profile, err = os.MkdirTemp("", "wakelab"); err != nil {
			return nil, err
		}
	}
	if err := l.survey(host); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// survey visits the page until all hosts of its clients have a proxy.
func (l *Lab) survey(missing ...string) error {
	const visits = 4
	for range visits {
		if err := l.through(missing); err != nil {
			return err
		}
		v, err := l.visit()
		if err != nil {
			return err
		}
		missing = v.missing()
		v.close()
		if len(missing) == 0 {
			return nil
		}
	}
	return fmt.Errorf("each visit to the page connects to other hosts, now to %v; the lab can only test hosts that it has seen before", missing)
}

// through starts a browser that reaches these addresses through proxies, too.
func (l *Lab) through(addresses []string) error {
	for _, a := range addresses {
		proxy, err := faultproxy.Listen(a)
		if err != nil {
			return err
		}
		l.proxies[a] = proxy
	}
	l.stop()
	l.stop = func() {}
	// The page keeps its own addresses, and with them its origins and certificates.
	rules := ""
	for a, proxy := range l.proxies {
		rules += fmt.Sprintf("MAP %s %s,", a, proxy.Addr())
	}
	os.Remove(l.profile + "/DevToolsActivePort") // of the browser before
	options := []chromedp.ExecAllocatorOption{
		chromedp.Flag("host-resolver-rules", rules[:len(rules)-1]), chromedp.UserDataDir(l.profile), remote.WebSocket,
	}
	if l.options.Insecure {
		options = append(options, chromedp.IgnoreCertErrors)
	}
	browser, stop, err := levers.Launch(options...)
	if err != nil {
		return err
	}
	l.browser, l.stop = browser, stop
	return nil
}

// Close ends the browser and resets its connections.
func (l *Lab) Close() {
	l.stop()
	for _, proxy := range l.proxies {
		proxy.Close()
	}
	if l.options.Profile == "" {
		os.RemoveAll(l.profile)
	}
}

var errBrowserGone = errors.New("the browser ended")

// after is how long the page is still watched once all clients are back: who comes
// back twice does so then.
const after = 3 * time.Second

// Try opens the page, waits until all is well, runs the trial and watches what the
// clients do. An error means that the trial could not be carried out. The outcomes
// are in the order in which the clients first dialed.
func (l *Lab) Try(tr Trial) ([]Outcome, error) {
	v, err := l.prepare(cmp.Or(tr.Settle, l.options.Settle))
	if err != nil {
		return nil, err
	}
	defer v.close()
	v.watched = cmp.Or(tr.Watch, l.options.Watch)
	v.locked(func() { v.record.begin(time.Now()) })
	if err := tr.Run(v); err != nil {
		return nil, err
	}
	watch, cancel := context.WithDeadline(v.tab, v.from.Add(v.watched))
	defer cancel()
	err = v.wait(watch, v.record.allBack)
	if err == nil && tr.Stays == MustComeBack {
		short, cancel := context.WithTimeout(watch, after)
		defer cancel()
		err = v.wait(short, func() bool { return false })
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	var all []Outcome
	v.locked(func() { all = v.record.outcomes(time.Now()) })
	return all, nil
}

// prepare opens a page on which all is well, with every connection behind a proxy.
func (l *Lab) prepare(settle time.Duration) (*Visit, error) {
	for {
		for _, proxy := range l.proxies {
			if err := proxy.New(faultproxy.None); err != nil {
				return nil, err
			}
		}
		v, err := l.visit()
		if err != nil {
			return nil, err
		}
		if err := v.settle(settle); err != nil {
			v.close()
			return nil, err
		}
		missing := v.missing()
		if len(missing) == 0 {
			return v, nil
		}
		v.close()
		if err := l.survey(missing...); err != nil {
			return nil, err
		}
	}
}

// loading is about how long a page takes to load and to open its connections.
const loading = 2 * time.Second

// Estimate is how long the trials take: about this long when the clients come back
// soon, and at most that long when none does.
func (l *Lab) Estimate(trials []Trial) (about, most time.Duration) {
	for _, tr := range trials {
		watch := cmp.Or(tr.Watch, l.options.Watch)
		fixed := loading + cmp.Or(tr.Settle, l.options.Settle) + tr.Takes
		about += fixed + min(watch, 10*time.Second)
		most += fixed + watch
	}
	return about, most
}
