package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
)

// fault is something that happens to a client.
type fault struct {
	name string
	// refuse returns an address at which there is no connection; nil for the others.
	refuse func(c client) (url string, stop func(), err error)
	// happen does it to a client that is connected, and returns when its effect is
	// over and the client could be back.
	happen func(t *trial) error
	// moves is for clients that run on a host of their own, whose address changes.
	moves bool
}

const (
	stopped = 30 * time.Second // of a process that is stopped
	dead    = 3 * time.Second  // of a process that was killed
)

var faults = []fault{
	{name: "401", refuse: func(c client) (string, func(), error) {
		if c.unauthorized != nil {
			b, err := c.unauthorized()
			return c.at(b, err)
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnauthorized) }))
		return c.url(s.Listener.Addr().String()), s.Close, nil
	}},
	{name: "the name does not resolve", refuse: func(c client) (string, func(), error) { return c.url("no-such-host.invalid"), func() {}, nil }},
	{name: "a certificate that nobody trusts", refuse: func(c client) (string, func(), error) {
		c.scheme = map[string]string{"ws": "wss", "http": "https", "nats": "tls"}[c.scheme]
		if c.untrusted != nil {
			b, err := c.untrusted()
			return c.at(b, err)
		}
		s := httptest.NewTLSServer(http.NotFoundHandler())
		return c.url(s.Listener.Addr().String()), s.Close, nil
	}},
	{name: "refused", refuse: func(c client) (string, func(), error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", nil, err
		}
		l.Close()
		return c.url(l.Addr().String()), func() {}, nil
	}},
	{name: "reset", happen: func(t *trial) error {
		t.proxy.Existing(faultproxy.Reset)
		return nil
	}},
	{name: "silent cut", happen: func(t *trial) error {
		t.proxy.Existing(faultproxy.Swallow)
		return nil
	}},
	{name: "stopped for 30 s, the link dead", happen: func(t *trial) error {
		if err := t.child.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		t.proxy.Existing(faultproxy.Swallow)
		<-time.After(stopped)
		return t.child.Signal(syscall.SIGCONT)
	}},
	{name: "the address changes", moves: true, happen: func(t *trial) error { return t.host.move() }},
	{name: "kill -9, started again after 3 s", happen: func(t *trial) error {
		if err := t.child.Kill(); err != nil {
			return err
		}
		<-time.After(dead)
		return t.start()
	}},
}

// url is the address of the client's server.
func (c client) url(host string) string { return c.scheme + "://" + host + c.path }

// at is the address of a server, and its end.
func (c client) at(b *backend, err error) (url string, stop func(), _ error) {
	if err != nil {
		return "", nil, err
	}
	return c.url(b.address), b.close, nil
}
