package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// record is one thing that the page told.
type record struct {
	at       time.Time // when the test heard of it
	PageTime int64     `json:"pageTime"` // when it happened, epoch ms by the page's clock

	Kind string `json:"kind"` // event, state, gap, error, page, ready, rejected, uncaught, note, engine

	Name    string `json:"name"`    // state, page
	Cause   string `json:"cause"`   // state
	RetryAt int64  `json:"retryAt"` // state; 0 for none

	Unguarded string `json:"unguarded"` // state
	Shared    bool   `json:"shared"`    // state
	Unshared  string `json:"unshared"`  // state

	ID   string `json:"id"`   // event
	N    int    `json:"n"`    // event
	Text string `json:"text"` // error, uncaught, rejected, note
	Code any    `json:"code"` // error

	After    string `json:"after"` // gap
	Earliest string `json:"earliest"`
	Reason   string `json:"reason"`
}

func (r record) String() string {
	parts := []string{r.Kind}
	for _, part := range []string{r.Name, r.Cause, r.Unguarded, r.ID, r.Text, r.After, r.Earliest, r.Reason} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if r.Kind == "event" {
		parts = append(parts, fmt.Sprint("#", r.N))
	}
	return strings.Join(parts, " ")
}

// happened is when it happened in the page; wrong where a test moves the clock.
func (r record) happened() time.Time { return time.UnixMilli(r.PageTime) }

// tab is a page in a window and a profile of its own, and all that it told.
type tab struct {
	testing.TB
	*chromium
	page   context.Context
	engine engine // nil: Chromium
	opened time.Time

	mu      sync.Mutex
	records []record
	changed chan struct{} // closed and replaced when a record comes in
}

// openTab opens the url. Prepare runs in the tab before the page is loaded.
func openTab(t testing.TB, url string, prepare ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	return startBrowser(t).openTab(t, url, prepare...)
}

func (b *chromium) openTab(t testing.TB, url string, prepare ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	return b.openTabIn(t, b.ctx, url, []chromedp.ContextOption{chromedp.WithNewBrowserContext()}, prepare...)
}

// openTabIn opens a tab in the profile of another one, or with the options in a new one.
func (b *chromium) openTabIn(t testing.TB, parent context.Context, url string, options []chromedp.ContextOption, prepare ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	tb := &tab{TB: t, chromium: b, page: ctx, opened: time.Now(), changed: make(chan struct{})}
	t.Cleanup(func() {
		cancel()
		if t.Failed() {
			t.Log(tb.story())
		}
	})
	listen := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		calls, _ := target.Subscribe(runtime.BindingCalled.Method) // ends with the tab
		go func() {
			for raw := range calls {
				tb.hear(raw)
			}
		}()
		_, err := chromedp.Call(ctx, runtime.AddBinding, runtime.AddBindingParams{Name: "tell"})
		return err
	})
	steps := append([]chromedp.Action[chromedp.Void]{listen}, prepare...)
	if err := chromedp.Do(ctx, append(steps, chromedp.Navigate(url))...); err != nil {
		t.Fatal(err)
	}
	return tb
}

func (tb *tab) hear(raw []byte) {
	var call runtime.EventBindingCalled
	if err := json.Unmarshal(raw, &call); err == nil && call.Name == "tell" {
		tb.note(call.Payload)
	}
}

func (tb *tab) note(line string) {
	r := record{at: time.Now()}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		r.Kind, r.Text = "unreadable", line
	}
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.records = append(tb.records, r)
	close(tb.changed)
	tb.changed = make(chan struct{})
}

// seen is everything that the page told so far.
func (tb *tab) seen() []record {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	return append([]record(nil), tb.records...)
}

// mark is a position in what the page told, for [tab.await].
func (tb *tab) mark() int { return len(tb.seen()) }

// await waits for a record after the mark that matches.
func (tb *tab) await(mark int, limit time.Duration, what string, match func(record) bool) record {
	tb.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		tb.mu.Lock()
		records, changed := tb.records, tb.changed
		tb.mu.Unlock()
		for ; mark < len(records); mark++ {
			if match(records[mark]) {
				return records[mark]
			}
		}
		select {
		case <-changed:
		case <-deadline.C:
			tb.Fatalf("%s did not come within %v", what, limit)
		}
	}
}

func (tb *tab) awaitState(mark int, limit time.Duration, name string) record {
	tb.Helper()
	return tb.await(mark, limit, "state "+name, func(r record) bool { return r.Kind == "state" && r.Name == name })
}

func (tb *tab) awaitPage(mark int, limit time.Duration, name string) record {
	tb.Helper()
	return tb.await(mark, limit, "page event "+name, func(r record) bool { return r.Kind == "page" && r.Name == name })
}

// do runs actions on the page.
func (tb *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tb.Helper()
	tb.lever(func(ctx context.Context) error { return chromedp.Do(ctx, steps...) })
}

// run evaluates a script; a promise is awaited.
func (tb *tab) run(script string, args ...any) {
	tb.Helper()
	eval[chromedp.Void](tb, script, args...)
}

// eval gives the value of a script. Arguments are written into it as JSON in the
// places of %s.
func eval[T any](tb *tab, script string, args ...any) T {
	tb.Helper()
	encoded := make([]any, len(args))
	for i, arg := range args {
		data, err := json.Marshal(arg)
		if err != nil {
			tb.Fatal(err)
		}
		encoded[i] = string(data)
	}
	if len(args) > 0 {
		script = fmt.Sprintf(script, encoded...)
	}
	ctx, cancel := context.WithTimeout(tb.page, time.Minute)
	defer cancel()
	v, err := evaluate[T](ctx, tb, script)
	if err != nil {
		tb.Fatalf("%s: %v", script, err)
	}
	return v
}

func evaluate[T any](ctx context.Context, tb *tab, script string) (v T, err error) {
	if tb.engine == nil {
		return chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	}
	data, err := tb.engine.evaluate(ctx, script)
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	return v, err
}

// lever pulls a lever on the page.
func (tb *tab) lever(pull func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.page, time.Minute)
	defer cancel()
	if err := pull(ctx); err != nil {
		tb.Fatal(err)
	}
}

// settled waits until the last state that the page told is this one.
func (tb *tab) settled(name string, limit time.Duration) {
	tb.Helper()
	all := tb.seen()
	for _, r := range slices.Backward(all) {
		if r.Kind == "state" && r.Name == name {
			return
		}
		if r.Kind == "state" {
			break
		}
	}
	tb.awaitState(len(all), limit, name)
}

// badge waits until the text of the badge holds the word.
func (tb *tab) badge(word string, limit time.Duration) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.page, limit)
	defer cancel()
	// An observer and not a poll: a hidden page has no frames and few timers.
	script := fmt.Sprintf(`new Promise(done => {
		const look = () => badgeText().toLowerCase().includes(%q) && (seen.disconnect(), done(badgeText()));
		const seen = new MutationObserver(look), badge = document.querySelector("wakesocket-badge");
		seen.observe(badge.shadowRoot ?? badge, { subtree: true, childList: true, characterData: true, attributes: true });
		look();
	})`, strings.ToLower(word))
	if _, err := evaluate[string](ctx, tb, script); err != nil {
		tb.Errorf("the badge says %q; want %q: %v", eval[string](tb, `badgeText()`), word, err)
	}
}

// story tells a failed test's reader what happened in the page.
func (tb *tab) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "what the page reported, in seconds since the tab was opened:\n")
	for _, r := range tb.seen() {
		fmt.Fprintf(&b, "  %7.3f  %v\n", r.at.Sub(tb.opened).Seconds(), r)
	}
	return b.String()
}
