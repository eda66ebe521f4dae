package feed

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// refusal is a close frame that a client gets instead of the feed. A page cannot
// see the status or the headers of a failed handshake, so a refused client is
// accepted and then closed with a code.
type refusal struct {
	code   websocket.StatusCode
	reason string
	label  string
}

func (r *refusal) Error() string { return r.reason }

// refuse closes the connection with a reason.
func (f *Feed) refuse(w http.ResponseWriter, r *http.Request, address netip.Addr, refused *refusal) {
	f.options.Observer.Refused(refused.label)
	conn, network, err := f.accept(w, r, websocket.AcceptOptions{})
	if err != nil {
		return
	}
	f.closing.add(network, addressBlock(address))
	defer f.closing.remove(network)
	deadline := time.AfterFunc(refusalTimeout, func() { network.Close() })
	defer deadline.Stop()
	network.limit = f.frameLimit()
	conn.Close(refused.code, refused.reason)
}

// closings are the refused clients that have been sent a close frame and have not
// answered it. They are waited for, since closing at once can destroy the frame on
// its way. When there are too many, the one that has had the most time is given
// up, so that those who never answer hold nothing, and everybody is told why.
type closings struct {
	mu        sync.Mutex
	waiting   []closing // longest first
	byAddress map[netip.Prefix]int
}

type closing struct {
	network *network
	block   netip.Prefix
}

const (
	refusalTimeout    = 3 * time.Second
	closingsAll       = 256
	closingsOfAddress = 64
)

func (c *closings) add(n *network, block netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.byAddress[block] >= closingsOfAddress:
		c.giveUp(func(w closing) bool { return w.block == block })
	case len(c.waiting) >= closingsAll:
		c.giveUp(func(closing) bool { return true })
	}
	if c.byAddress == nil {
		c.byAddress = map[netip.Prefix]int{}
	}
	c.waiting = append(c.waiting, closing{n, block})
	c.byAddress[block]++
}

func (c *closings) remove(n *network) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(func(w closing) bool { return w.network == n })
}

// giveUp closes the longest waiting of those that match.
func (c *closings) giveUp(match func(closing) bool) {
	if w, ok := c.drop(match); ok {
		w.network.Close()
	}
}

func (c *closings) drop(match func(closing) bool) (closing, bool) {
	for i, w := range c.waiting {
		if !match(w) {
			continue
		}
		c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
		if c.byAddress[w.block]--; c.byAddress[w.block] == 0 {
			delete(c.byAddress, w.block)
		}
		return w, true
	}
	return closing{}, false
}
