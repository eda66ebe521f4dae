package lab

import (
	"net"
	"net/url"
	"strings"
	"time"
)

// Kind is how a page receives its events.
type Kind string

// The kinds that the lab watches.
const (
	WebSocket   Kind = "WebSocket"
	EventSource Kind = "EventSource"
	// Polling is XMLHttpRequest or fetch: one request after another, or one whose
	// answer does not end.
	Polling Kind = "polling"
)

// connection is one WebSocket, one EventSource stream or one request.
type connection struct {
	kind    Kind
	session string // DevTools session of its context
	context string // "page", "iframe …", "worker …", "shared worker …"
	url     *url.URL
	site    string // place in the code that opened it: script:line:column
	sends   bool   // a request that is no GET: it may bring something all the same

	dialed time.Time
	opened time.Time // answered; zero before
	first  time.Time // first event or data received; zero before
	last   time.Time // latest event or data received
	ended  time.Time
}

func (c *connection) received(now time.Time) {
	if c.first.IsZero() {
		c.first = now
	}
	c.last = now
}

func (c *connection) open() bool { return c.ended.IsZero() }

// address is host:port of the connection.
func (c *connection) address() string { return address(c.url) }

func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "wss" || u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// similarity tells how likely two connections belong to the same client of the
// page: 0 for certainly not. A client keeps its context and its place in the code;
// its address may change a little, since paths and queries hold random parts,
// cursors and tokens.
func similarity(a, b *connection) float64 {
	if a.kind != b.kind || a.context != b.context {
		return 0
	}
	sameSite := a.site == b.site && a.site != ""
	sameHost := a.address() == b.address()
	samePath := a.url.Path == b.url.Path
	if !sameSite && !(sameHost && samePath) {
		return 0
	}
	score := 3*number(sameSite) + 2*number(sameHost) + 2*number(samePath)
	score += shared(strings.Split(a.url.Path, "/"), strings.Split(b.url.Path, "/"))
	return score + shared(strings.Split(a.url.RawQuery, "&"), strings.Split(b.url.RawQuery, "&"))
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// shared is the share of the words that are at the same place in both, 0 to 1.
func shared(a, b []string) float64 {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			n++
		}
	}
	return float64(n) / float64(max(len(a), len(b)))
}

// isMessageOf reports whether a request is one by which a client sends something beside
// the requests by which it receives.
func (c *connection) isMessageOf(receiver *connection) bool {
	return c.kind == Polling && c.sends && receiver.kind == Polling && !receiver.sends && c.context == receiver.context &&
		c.address() == receiver.address() && c.url.Path == receiver.url.Path
}

// isFile reports whether an answer of this media type is a part of the page, which
// brings no events, however long or often it is loaded. HTML may bring some.
func isFile(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "image", "font", "audio", "video":
		return true
	}
	switch mediaType {
	case "application/wasm", "text/css", "text/javascript", "application/javascript":
		return true
	}
	return false
}

// transports are last parts of paths by which libraries name their transports.
var transports = map[string]bool{
	"websocket": true, "longpoll": true, "xhr": true, "xhr_streaming": true, "xhr_send": true,
	"eventsource": true, "sse": true, "ws": true, "polling": true, "negotiate": true, "http_stream": true,
}

// accompanies reports whether a request is part of the client that owns the
// connection: libraries negotiate, or fall back to, requests beside their socket.
func accompanies(request, c *connection) bool {
	if c.kind == Polling || request.context != c.context || request.address() != c.address() {
		return false
	}
	return base(request.url.Path) == base(c.url.Path)
}

// base is a path without a last part that names a transport.
func base(path string) string {
	path = strings.TrimSuffix(path, "/")
	if i := strings.LastIndexByte(path, '/'); i >= 0 && transports[path[i+1:]] {
		return path[:i]
	}
	return path
}
