package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// Visit is an open page to which a [Trial] happens.
type Visit struct {
	*observer
	lab     *Lab
	tab     context.Context
	cancel  context.CancelFunc
	from    time.Time
	watched time.Duration
	front   target.ID // the tab that hides the page; "" when none does
}

// Step is something that is done with the page before its connections are
// expected.
type Step struct {
	name string
	do   func(ctx context.Context) error
}

// Click clicks the first element that matches the CSS selector, once it is there.
func Click(selector string) Step {
	return Step{fmt.Sprintf("click %s", selector), func(ctx context.Context) error {
		return chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
	}}
}

// Eval runs JavaScript in the page, and waits for the promise that it returns, if
// it is one. The script may leave the page.
func Eval(script string) Step {
	return Step{"eval", func(ctx context.Context) error {
		err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise))
		if err != nil && (strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "context was destroyed")) {
			return nil
		}
		return err
	}}
}

// visit opens the page and waits for its connections.
func (l *Lab) visit() (*Visit, error) {
	o, err := observe(l.browser, l.profile)
	if err != nil {
		return nil, err
	}
	v := &Visit{observer: o, lab: l}
	var fresh []chromedp.ContextOption
	if l.options.Profile == "" {
		fresh = append(fresh, chromedp.WithNewBrowserContext())
	}
	v.tab, v.cancel = chromedp.NewContext(l.browser, fresh...)
	load, cancel := context.WithTimeout(v.tab, l.options.Wait)
	defer cancel()
	if err := v.load(load); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

func (v *Visit) load(ctx context.Context) error {
	page := v.lab.options.Page
	if err := v.identify(ctx); err != nil {
		return err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		return loadError(page, err)
	}
	var status int
	v.locked(func() { status = v.document })
	if status >= 400 {
		return fmt.Errorf("%s answered %d %s; give the address of a page that can be loaded, or log in with a cookie, a header or a profile", page, status, http.StatusText(status))
	}
	for _, step := range v.lab.options.Steps {
		if err := v.step(ctx, step); err != nil {
			return err
		}
	}
	if err := v.wait(ctx, func() bool { return v.record.ready(time.Now()) }); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return v.noConnection()
		}
		return err
	}
	return nil
}

// identify sets the cookies and headers.
func (v *Visit) identify(ctx context.Context) error {
	for _, c := range v.lab.options.Cookies {
		params := network.SetCookieParams{Name: c.Name, Value: c.Value, URL: v.lab.options.Page}
		if _, err := chromedp.Call(ctx, network.SetCookie, params); err != nil {
			return fmt.Errorf("the browser does not take the cookie %s: %w", c.Name, err)
		}
	}
	if len(v.lab.options.Header) == 0 {
		return nil
	}
	headers := network.Headers{}
	for name, values := range v.lab.options.Header {
		headers[name] = strings.Join(values, ", ")
	}
	_, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: headers})
	return err
}

func (v *Visit) step(ctx context.Context, step Step) error {
	const loaded = `new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", () => done(), { once: true }))`
	err := Eval(loaded).do(ctx)
	if err == nil {
		err = step.do(ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s did not end within %v; is the selector right, and the page ready for it?", step.name, v.lab.options.Wait)
	}
	if err != nil {
		return fmt.Errorf("%s failed: %w", step.name, err)
	}
	// A click or a script may load another page, which takes a moment to begin.
	<-time.After(300 * time.Millisecond)
	return nil
}

// settle waits until no client has dialed for so long. Clients that never stop
// dialing get the time that pages have to open their connections.
func (v *Visit) settle(calm time.Duration) error {
	limit := time.Now().Add(max(calm, v.lab.options.Wait))
	began := time.Now()
	return v.wait(v.tab, func() bool {
		now := time.Now()
		return now.After(limit) || now.Sub(began) >= calm && now.Sub(v.record.lastDial()) >= calm
	})
}

// noConnection says what the page did instead of opening a connection.
func (v *Visit) noConnection() error {
	seen := "it opened none at all"
	v.locked(func() {
		var failed []string
		for _, w := range v.record.rows {
			if c := w.newest(); c.kind != Polling {
				failed = append(failed, fmt.Sprintf("%s %s", c.kind, c.url))
			}
		}
		if len(failed) > 0 {
			seen = "none of these stayed open: " + strings.Join(failed, ", ")
		}
	})
	return fmt.Errorf("%s has no open WebSocket, EventSource or polling loop after %v: %s; give it more time (wait), click, run a script or log in (eval, cookie, header, profile)", v.lab.options.Page, v.lab.options.Wait, seen)
}

func (v *Visit) close() {
	v.observer.close()
	v.cancel()
	if v.front != "" {
		// The tab in front belongs to the browser, not to the visit's context.
		_, _ = chromedp.CallBrowser(v.lab.browser, target.CloseTarget, target.CloseTargetParams{TargetID: v.front})
	}
}

// missing lists the addresses of clients that no proxy serves.
func (v *Visit) missing() (addresses []string) {
	v.locked(func() {
		for _, w := range v.record.rows {
			a := w.newest().address()
			if v.lab.proxies[a] == nil && !slices.Contains(addresses, a) && (w.newest().kind != Polling || w.polls(time.Now())) {
				addresses = append(addresses, a)
			}
		}
	})
	return addresses
}

// Begin makes the times of all clients count from now on. It is called at the
// moment that the trial's name means, and may be called again.
func (v *Visit) Begin() {
	v.from = time.Now()
	v.locked(func() { v.record.count(v.from) })
}

// Fault applies a fault to the connections that are open now.
func (v *Visit) Fault(f faultproxy.Fault) {
	for _, proxy := range v.lab.proxies {
		proxy.Existing(f)
	}
}

// FaultNew applies a fault to new connections.
func (v *Visit) FaultNew(f faultproxy.Fault) error {
	for _, proxy := range v.lab.proxies {
		if err := proxy.New(f); err != nil {
			return err
		}
	}
	return nil
}

// Hide puts another tab in front of the page, and returns when the page knows.
func (v *Visit) Hide() (err error) {
	if v.front, err = levers.Hide(v.tab); err != nil {
		return err
	}
	return v.until("document.hidden", "be hidden")
}

// Show undoes [Visit.Hide].
func (v *Visit) Show() error {
	front := v.front
	v.front = ""
	return levers.Show(v.tab, front)
}

// until waits until an expression that visibilitychange changes is true.
func (v *Visit) until(expression, what string) error {
	ctx, cancel := context.WithTimeout(v.tab, 10*time.Second)
	defer cancel()
	script := fmt.Sprintf(`new Promise((done) => %s ? done() : addEventListener("visibilitychange", () => done(), { once: true }))`, expression)
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise)); err != nil {
		return fmt.Errorf("the page could not %s: %w", what, err)
	}
	return nil
}

// Freeze freezes the page, which must be hidden. It returns when the page is frozen.
func (v *Visit) Freeze() error {
	if err := levers.Freeze(v.tab); err != nil {
		return err
	}
	<-time.After(time.Second) // the page freezes after the command has returned
	return nil
}

// Resume undoes [Visit.Freeze].
func (v *Visit) Resume() error { return levers.Resume(v.tab) }

// Sleep halts the browser, as sleep halts a machine. Meanwhile, if not nil, is
// called while it is halted.
func (v *Visit) Sleep(d time.Duration, meanwhile func()) error {
	pid := levers.Pid(v.tab)
	if err := levers.Stop(pid); err != nil {
		return err
	}
	if meanwhile != nil {
		meanwhile()
	}
	<-time.After(d)
	v.Begin()
	return levers.Continue(pid)
}

// Clock moves the wall clock of all contexts ahead, as a machine that slept sees it.
func (v *Visit) Clock(d time.Duration) { v.evaluate(levers.MoveClock(d, 0)) }

// Offline takes the network from all contexts, and tells them; Online undoes it.
func (v *Visit) Offline() { v.network(true) }

// Online undoes [Visit.Offline].
func (v *Visit) Online() { v.network(false) }

func (v *Visit) network(offline bool) {
	v.everywhere("Network.emulateNetworkConditions", map[string]any{
		"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
	})
}

// Wait waits, for trials that let time pass.
func (v *Visit) Wait(d time.Duration) { <-time.After(d) }
