package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// packet is how many bytes go out at a time.
const packet = 1000

// slowly gives each WebSocket that is opened a link to its page of that many bytes
// a second.
func slowly(perSecond int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&slowResponse{w, perSecond}, r)
	})
}

type slowResponse struct {
	http.ResponseWriter
	perSecond int
}

// Hijack implements http.Hijacker.
func (r *slowResponse) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	slow := &slowConn{Conn: conn, limit: rate.NewLimiter(rate.Limit(r.perSecond), packet)}
	return slow, bufio.NewReadWriter(buffers.Reader, bufio.NewWriter(slow)), nil
}

// slowConn is a connection whose Write takes as long as a slow link does.
type slowConn struct {
	net.Conn
	limit *rate.Limiter

	mu       sync.Mutex
	deadline time.Time // of Write; zero for none
}

// NetConn is the connection below.
func (c *slowConn) NetConn() net.Conn { return c.Conn }

func (c *slowConn) SetDeadline(t time.Time) error {
	c.keep(t)
	return c.Conn.SetDeadline(t)
}

func (c *slowConn) SetWriteDeadline(t time.Time) error {
	c.keep(t)
	return c.Conn.SetWriteDeadline(t)
}

func (c *slowConn) keep(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = deadline
}

func (c *slowConn) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), packet)]
		if err := c.wait(len(part)); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(part)
		n += m
		if err != nil {
			return n, err
		}
		p = p[m:]
	}
	return n, nil
}

// wait returns when n bytes more may go out.
func (c *slowConn) wait(n int) error {
	c.mu.Lock()
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if !c.deadline.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, c.deadline)
	}
	c.mu.Unlock()
	defer cancel()
	if c.limit.WaitN(ctx, n) != nil {
		return os.ErrDeadlineExceeded
	}
	return nil
}
