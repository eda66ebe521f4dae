package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
)

// connections holds the client of Redis: made when it is first needed, and made
// anew when it fails; or that of the application.
type connections struct {
	config rueidis.ClientOption
	shared bool // the client is the application's

	mu      sync.Mutex
	client  rueidis.Client // nil while there is none
	dialing *dialing       // nil when the next one who needs a client may dial
	closed  bool
}

// redialAfter is how long a failed attempt is the answer to everybody. A server that
// refuses connections does so at once, and each attempt costs some 100 kB.
const redialAfter = 100 * time.Millisecond

// dialing is one attempt that everybody waits for, each for as long as it likes.
type dialing struct {
	done   chan struct{}
	client rueidis.Client
	err    error
}

func (c *connections) get(ctx context.Context) (rueidis.Client, error) {
	c.mu.Lock()
	if c.client != nil || c.closed {
		defer c.mu.Unlock()
		if c.closed {
			return nil, store.ErrClosed
		}
		return c.client, nil
	}
	d := c.dialing
	if d == nil {
		d = &dialing{done: make(chan struct{})}
		c.dialing = d
		go c.dial(d)
	}
	c.mu.Unlock()
	select {
	case <-d.done:
		return d.client, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *connections) dial(d *dialing) {
	client, err := rueidis.NewClient(c.config)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(d.done)
	switch {
	case err != nil:
		d.err = fmt.Errorf("redis: cannot connect: %w", err)
		time.AfterFunc(redialAfter, c.mayDial)
		return
	case c.closed:
		d.err = store.ErrClosed
		client.Close()
	default:
		c.client, d.client = client, client
	}
	c.dialing = nil
}

func (c *connections) mayDial() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing = nil
}

// failed lets the client go, so that the next call connects again, in two cases. It
// failed without an answer of Redis: a firewall that has forgotten one of its
// connections has forgotten all of them. Or the server has become a replica: the
// name leads to another one by now.
func (c *connections) failed(client rueidis.Client, err error) {
	if err == nil || c.shared || answered(err) && !isReadOnly(err) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == client {
		c.client = nil
		go client.Close()
	}
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.client != nil && !c.shared {
		c.client.Close()
	}
	c.client = nil
}

// answered reports whether Redis itself gave the error.
func answered(err error) bool {
	_, ok := errors.AsType[*rueidis.RedisError](err)
	return ok
}

// isReadOnly reports whether the server refuses writes because it is a replica.
func isReadOnly(err error) bool {
	answer, ok := errors.AsType[*rueidis.RedisError](err)
	return ok && strings.Contains(answer.Error(), "READONLY")
}

// passes reports whether an answer is that of a server that cannot do it now: it
// loads its data, has no memory or disk left, or a cluster is being changed.
func passes(err error) bool {
	code, _, _ := strings.Cut(err.Error(), " ")
	return slices.Contains([]string{"LOADING", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK"}, code)
}
