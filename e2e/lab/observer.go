package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

// observer watches every context of a page: the page itself, its iframes, its
// workers. Each is a DevTools session.
type observer struct {
	devtools *devtools

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at each change
	record   record
	open     map[string]*connection // by session and request
	contexts map[string]string      // session → what it is, as the report shows it
	scripts  map[script]bool        // where JavaScript runs
	document int                    // status of the page's own document; 0 before
}

// script is one place where JavaScript runs.
type script struct {
	session string
	id      int
}

// observe attaches to every context that the browser makes from now on.
func observe(ctx context.Context, profile string) (*observer, error) {
	o := &observer{changed: make(chan struct{}), open: map[string]*connection{}, contexts: map[string]string{}, scripts: map[script]bool{}}
	ready := make(chan struct{})
	d, err := connectDevtools(ctx, profile, func(session, method string, params json.RawMessage) {
		<-ready
		o.event(session, method, params)
	})
	if err != nil {
		return nil, err
	}
	o.devtools = d
	close(ready)
	if err := d.call("", "Target.setAutoAttach", autoAttach); err != nil {
		d.close()
		return nil, err
	}
	return o, nil
}

func (o *observer) close() { o.devtools.close() }

// autoAttach halts each new context until the observer is ready for it.
var autoAttach = map[string]any{"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true}

type none struct{}

// event handles one DevTools event.
func (o *observer) event(session, method string, params json.RawMessage) {
	now := time.Now()
	handle := handlers[method]
	if handle == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	handle(o, session, params, now)
	close(o.changed)
	o.changed = make(chan struct{})
}

// handlers are run with the lock held.
var handlers map[string]func(o *observer, session string, params json.RawMessage, now time.Time)

func init() {
	handlers = map[string]func(o *observer, session string, params json.RawMessage, now time.Time){
		"Target.attachedToTarget": on(func(o *observer, _ string, e attached, _ time.Time) { o.attach(e) }),
		"Target.detachedFromTarget": on(func(o *observer, _ string, e struct {
			SessionID string `json:"sessionId"`
		}, now time.Time) {
			o.record.forget(e.SessionID, now)
			delete(o.contexts, e.SessionID)
			for s := range o.scripts {
				if s.session == e.SessionID {
					delete(o.scripts, s)
				}
			}
		}),
		"Page.frameNavigated": on(func(o *observer, session string, e struct {
			Frame struct {
				ID  string `json:"id"`
				URL string `json:"url"`
			} `json:"frame"`
		}, _ time.Time) {
			if o.contexts[session] == "iframe "+e.Frame.ID { // its address was not known before
				o.contexts[session] = "iframe " + e.Frame.URL
			}
		}),
		"Runtime.executionContextCreated": on(func(o *observer, session string, e struct {
			Context struct {
				ID int `json:"id"`
			} `json:"context"`
		}, _ time.Time) {
			o.scripts[script{session, e.Context.ID}] = true
		}),
		"Runtime.executionContextDestroyed": on(func(o *observer, session string, e struct {
			ID int `json:"executionContextId"`
		}, _ time.Time) {
			delete(o.scripts, script{session, e.ID})
		}),
		"Runtime.executionContextsCleared": on(func(o *observer, session string, _ none, now time.Time) {
			o.record.forget(session, now)
			for s := range o.scripts {
				if s.session == session {
					delete(o.scripts, s)
				}
			}
		}),
		"Network.webSocketCreated": on(func(o *observer, session string, e network.EventWebSocketCreated, now time.Time) {
			o.dial(WebSocket, session, e.RequestID, e.URL, e.Initiator, now, http.MethodGet)
		}),
		"Network.webSocketHandshakeResponseReceived": on(func(o *observer, session string, e network.EventWebSocketHandshakeResponseReceived, now time.Time) {
			if c := o.find(session, e.RequestID); c != nil && e.Response != nil && e.Response.Status == 101 {
				c.opened = now
			}
		}),
		"Network.webSocketFrameReceived": on(func(o *observer, session string, e network.EventWebSocketFrameReceived, now time.Time) {
			o.received(session, e.RequestID, now)
		}),
		"Network.webSocketClosed": on(func(o *observer, session string, e network.EventWebSocketClosed, now time.Time) {
			o.end(session, e.RequestID, now)
		}),
		"Network.requestWillBeSent": on(func(o *observer, session string, e network.EventRequestWillBeSent, now time.Time) {
			switch {
			case e.RedirectResponse != nil:
			case e.Type == network.ResourceTypeEventSource:
				o.dial(EventSource, session, e.RequestID, e.Request.URL, e.Initiator, now, http.MethodGet)
			case e.Type == network.ResourceTypeXHR || e.Type == network.ResourceTypeFetch:
				o.dial(Polling, session, e.RequestID, e.Request.URL, e.Initiator, now, e.Request.Method)
			}
		}),
		"Network.responseReceived": on(func(o *observer, session string, e network.EventResponseReceived, now time.Time) {
			if e.Type == network.ResourceTypeDocument && o.contexts[session] == "page" && o.document == 0 {
				o.document = int(e.Response.Status)
			}
			c := o.find(session, e.RequestID)
			switch {
			case c == nil:
			case c.kind == Polling && isFile(e.Response.MimeType):
				o.record.remove(c)
				delete(o.open, key(session, e.RequestID))
			case e.Response.Status < 300:
				c.opened = now
			}
		}),
		"Network.dataReceived": on(func(o *observer, session string, e network.EventDataReceived, now time.Time) {
			if c := o.find(session, e.RequestID); c != nil && c.kind == Polling && !c.opened.IsZero() {
				c.received(now)
			}
		}),
		"Network.eventSourceMessageReceived": on(func(o *observer, session string, e network.EventEventSourceMessageReceived, now time.Time) {
			o.received(session, e.RequestID, now)
		}),
		"Network.loadingFinished": on(func(o *observer, session string, e network.EventLoadingFinished, now time.Time) {
			if c := o.find(session, e.RequestID); c != nil && c.kind == Polling && !c.opened.IsZero() {
				c.received(now) // also an answer without a body
			}
			o.end(session, e.RequestID, now)
		}),
		"Network.loadingFailed": on(func(o *observer, session string, e network.EventLoadingFailed, now time.Time) {
			o.end(session, e.RequestID, now)
		}),
	}
}

// on decodes the parameters of an event. What cannot be decoded is left out: a
// browser may be newer than our types.
func on[E any](handle func(o *observer, session string, e E, now time.Time)) func(*observer, string, json.RawMessage, time.Time) {
	return func(o *observer, session string, params json.RawMessage, now time.Time) {
		var e E
		if jsonv2.Unmarshal(jsonv2.Value(params), &e, chromedp.DefaultUnmarshalOptions) == nil {
			handle(o, session, e, now)
		}
	}
}

// attached is the event Target.attachedToTarget.
type attached struct {
	SessionID  string `json:"sessionId"`
	TargetInfo struct {
		ID   string `json:"targetId"`
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"targetInfo"`
}

// attach prepares a new context and lets it run.
func (o *observer) attach(e attached) {
	name := strings.ReplaceAll(e.TargetInfo.Type, "_", " ") // shared_worker
	switch {
	case name == "iframe" && e.TargetInfo.URL == "":
		name += " " + e.TargetInfo.ID // until it is loaded
	case name != "page":
		name += " " + e.TargetInfo.URL
	}
	o.contexts[e.SessionID] = name
	send := func(method string, params any) { o.devtools.send(e.SessionID, method, params) }
	send("Network.enable", none{})
	if e.TargetInfo.Type == "page" || e.TargetInfo.Type == "iframe" {
		send("Page.enable", none{})
		send("Page.addScriptToEvaluateOnNewDocument", map[string]string{"source": levers.ClockScript})
	} else {
		send("Runtime.evaluate", map[string]string{"expression": levers.ClockScript})
	}
	send("Runtime.enable", none{})
	send("Target.setAutoAttach", autoAttach)
	send("Runtime.runIfWaitingForDebugger", none{})
}

func key(session string, id network.RequestID) string { return session + " " + string(id) }

func (o *observer) find(session string, id network.RequestID) *connection {
	return o.open[key(session, id)]
}

func (o *observer) dial(kind Kind, session string, id network.RequestID, address string, initiator *network.Initiator, now time.Time, method string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return // data: and blob: addresses are no network
	}
	if kind == Polling && isFile(mime.TypeByExtension(path.Ext(u.Path))) {
		return
	}
	c := &connection{kind: kind, session: session, context: o.contexts[session], url: u, site: callSite(initiator), dialed: now,
		sends: method != http.MethodGet}
	if o.record.dial(c) {
		o.open[key(session, id)] = c
	}
}

// callSite is the place in the page's code that opened a connection.
func callSite(initiator *network.Initiator) string {
	if initiator == nil {
		return ""
	}
	for stack := initiator.Stack; stack != nil; stack = stack.Parent {
		if len(stack.CallFrames) > 0 {
			f := stack.CallFrames[0]
			return fmt.Sprintf("%s:%d:%d", f.URL, f.LineNumber, f.ColumnNumber)
		}
	}
	return ""
}

func (o *observer) received(session string, id network.RequestID, now time.Time) {
	if c := o.find(session, id); c != nil {
		c.received(now)
	}
}

func (o *observer) end(session string, id network.RequestID, now time.Time) {
	if c := o.find(session, id); c != nil {
		o.record.end(c, now)
		delete(o.open, key(session, id))
	}
}

// everywhere sends a command to every context.
func (o *observer) everywhere(method string, params any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for session := range o.contexts {
		o.devtools.send(session, method, params)
	}
}

// evaluate runs an expression wherever JavaScript runs.
func (o *observer) evaluate(expression string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.scripts {
		o.devtools.send(s.session, "Runtime.evaluate", map[string]any{"expression": expression, "contextId": s.id})
	}
}

// locked runs a function that reads or changes the record.
func (o *observer) locked(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

// wait returns when the condition, asked with the lock held, is true. It is asked
// at each change, and ten times a second, since some conditions are of time.
func (o *observer) wait(ctx context.Context, condition func() bool) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		o.mu.Lock()
		done, changed := condition(), o.changed
		o.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-o.devtools.ctx.Done():
			return errBrowserGone
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
