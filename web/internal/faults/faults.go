// Package faults breaks WebSocket connections on purpose, inside the server's
// own listener, the way networks and servers break them. Only connections that
// reached [Listener.Handler] are hit; the page's plain HTTP goes on as before.
package faults

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Listener hands out connections that can be broken later.
type Listener struct {
	net.Listener

	mu      sync.Mutex
	victims map[*conn]struct{}
	outage  outage
	until   time.Time // when the outage ends, and by that which one it is
}

// outage is what happens to all WebSocket traffic for a while.
type outage string

const (
	none     outage = ""
	stalled  outage = "stall"
	refusing outage = "refuse"
	hanging  outage = "hang"
	muted    outage = "mute"
)

// Wrap returns inner as a Listener.
func Wrap(inner net.Listener) *Listener {
	return &Listener{Listener: inner, victims: map[*conn]struct{}{}}
}

// Accept waits for the next connection; it is healthy whatever the outage, since
// nobody knows yet whether it will become a WebSocket.
func (l *Listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newConn(inner, l), nil
}

type connKey struct{}

// ConnContext is for http.Server.ConnContext, so that Handler finds the
// connection that a request came by.
func (l *Listener) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// Handler makes the connection of every WebSocket request a victim of the faults
// before next sees it. A request in the middle of an outage gets its share of it.
func (l *Listener) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ours := r.Context().Value(connKey{}).(*conn)
		if !ours || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			next.ServeHTTP(w, r)
			return
		}
		switch l.enlist(c) {
		case refusing:
			c.reset()
			panic(http.ErrAbortHandler) // nothing is left to answer on
		case hanging:
			// Taken from the server first, so that it neither answers nor waits.
			if _, _, err := http.NewResponseController(w).Hijack(); err != nil {
				panic(http.ErrAbortHandler)
			}
			c.cut()
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// enlist returns the outage that the connection came into.
func (l *Listener) enlist(c *conn) outage {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.victims[c] = struct{}{}
	if l.outage == stalled {
		c.stall() // under the lock, so that the end of the outage cannot be missed
	}
	return l.outage
}

func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.victims, c)
}

// Cut swallows the bytes of every WebSocket in both directions from now on and
// closes nothing, like a NAT that forgot the connection. New ones are fine. It
// returns how many were hit.
func (l *Listener) Cut() int { return l.each((*conn).cut) }

// Reset ends every WebSocket with a TCP RST and returns how many there were.
func (l *Listener) Reset() int { return l.each((*conn).reset) }

// Stall stops all WebSocket traffic for d, dials included; then everything that
// was held arrives. It returns how many connections were hit.
func (l *Listener) Stall(d time.Duration) int {
	l.begin(stalled, d)
	return l.each((*conn).stall)
}

// Refuse resets every WebSocket and, for d, each one that is dialed.
func (l *Listener) Refuse(d time.Duration) int {
	l.begin(refusing, d)
	return l.each((*conn).reset)
}

// Hang cuts every WebSocket silently and, for d, leaves each one that is dialed
// without an answer for ever.
func (l *Listener) Hang(d time.Duration) int {
	l.begin(hanging, d)
	return l.each((*conn).cut)
}

// Mute is for the publisher to obey, see [Listener.Muted]: the connections are fine.
// It returns how many there are.
func (l *Listener) Mute(d time.Duration) int {
	l.begin(muted, d)
	return l.Status().WebSockets
}

// Muted tells whether the publisher must be silent now.
func (l *Listener) Muted() bool { return l.Status().Outage == string(muted) }

// Heal ends a running outage. What was cut stays cut, as in life.
func (l *Listener) Heal() {
	l.mu.Lock()
	l.outage, l.until = none, time.Time{}
	l.mu.Unlock()
	l.each((*conn).flow)
}

// begin replaces whatever outage runs.
func (l *Listener) begin(what outage, d time.Duration) {
	l.Heal()
	l.mu.Lock()
	defer l.mu.Unlock()
	until := time.Now().Add(d)
	l.outage, l.until = what, until
	time.AfterFunc(d, func() {
		l.mu.Lock()
		replaced := l.until != until
		l.mu.Unlock()
		if !replaced {
			l.Heal()
		}
	})
}

func (l *Listener) each(do func(*conn)) int {
	l.mu.Lock()
	hit := make([]*conn, 0, len(l.victims))
	for c := range l.victims {
		hit = append(hit, c)
	}
	l.mu.Unlock()
	for _, c := range hit {
		do(c)
	}
	return len(hit)
}

// Status is what runs at the moment.
type Status struct {
	WebSockets int    `json:"websockets"` // connections that a fault would hit
	Outage     string `json:"outage"`     // "", "stall", "refuse", "hang" or "mute"
	LeftMS     int64  `json:"left"`       // ms until the outage ends, 0 without one
}

// Status tells how many connections are exposed and which outage runs.
func (l *Listener) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{WebSockets: len(l.victims), Outage: string(l.outage)}
	if l.outage != none {
		s.LeftMS = max(0, time.Until(l.until).Milliseconds())
	}
	return s
}
