package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

const controlTopic = store.ControlTopic

// Target names connections for [Feed.Disconnect]. Fields that are empty name none.
type Target struct {
	User   string `json:"user,omitempty"`   // of the grant
	Client string `json:"client,omitempty"` // what the client calls itself, [Client.ID]
}

// Disconnect closes every connection of one user or of one client, on all feeds
// that share the store. The clients get close code 4401: they ask for a fresh URL
// and dial again, so Authorize has to refuse those that are to stay away. It
// returns when the order is in the log. When that fails the connections of this
// feed are closed nevertheless, and the error says that those of others are not.
func (f *Feed) Disconnect(ctx context.Context, target Target) error {
	if target == (Target{}) {
		return errors.New("feed: Disconnect needs a user or a client")
	}
	if !utf8.ValidString(target.User) || !utf8.ValidString(target.Client) {
		return fmt.Errorf("feed: Disconnect needs names in UTF-8, which %q and %q are not", target.User, target.Client)
	}
	if f.isClosed() {
		return ErrClosed
	}
	data, err := json.Marshal(controlEvent{Disconnect: &target})
	if err != nil {
		return err
	}
	if _, err := f.options.Store.Publish(ctx, controlTopic, data); err != nil {
		f.options.Observer.StoreFailed(operationPublish)
		for _, c := range f.snapshot() {
			c.revoke(target)
		}
		return err
	}
	return nil
}

// controlEvent is the data of an event of the control topic.
type controlEvent struct {
	Disconnect *Target `json:"disconnect,omitempty"`
}

// control does what an event of the control topic asks for.
func (f *Feed) control(event store.Event) {
	var order controlEvent
	if err := json.Unmarshal(event.Data, &order); err != nil || order.Disconnect == nil {
		f.options.Logger.Warn("event of the control topic not understood", "id", event.ID.String(), "error", err)
		return
	}
	r := revocation{id: event.ID, target: *order.Disconnect}
	f.revoked.add(r, time.Now())
	for _, c := range f.snapshot() {
		r.apply(c)
	}
}

// revocation is a Disconnect at its place in the log.
type revocation struct {
	id     store.ID
	target Target
}

// apply closes the client unless its rights were asked for after the revocation.
// An order that is read again, after a failure of the store, harms nobody who has
// come back meanwhile.
func (r revocation) apply(c *client) {
	if c.since.Epoch == r.id.Epoch && c.since.Compare(r.id) >= 0 {
		return
	}
	c.revoke(r.target)
}

func (c *client) revoke(target Target) {
	if target.User != "" && target.User == c.info.User || target.Client != "" && target.Client == c.info.ID {
		c.closeAfterWrite(causeRevoked, wire.CloseUnauthorized, "disconnected; authorize again")
	}
}

// revocations remembers the latest, for clients whose rights were asked for before
// and that were not connected yet.
type revocations struct {
	mu     sync.Mutex
	latest []revocation
	times  []time.Time
}

// revocationMemory is longer than a handshake can take.
const revocationMemory = 2 * time.Minute

func (r *revocations) add(one revocation, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := 0
	for old < len(r.times) && now.Sub(r.times[old]) > revocationMemory {
		old++
	}
	r.latest, r.times = append(r.latest[old:], one), append(r.times[old:], now)
}

// revokeMissed applies what was revoked while the client was on its way in.
func (f *Feed) revokeMissed(c *client) {
	f.revoked.mu.Lock()
	latest := f.revoked.latest
	f.revoked.mu.Unlock()
	for _, r := range latest {
		r.apply(c)
	}
}

// expiryNotice is how long before the end of its grant a client is told: enough to
// fetch a new URL and connect with it. A short grant is announced in its last
// third.
const expiryNotice = 30 * time.Second

// checkGrant announces the end of a grant, and closes the client when it has come.
func (c *client) checkGrant(now time.Time) {
	left := c.expires.Sub(now)
	switch {
	case left <= 0:
		c.closeAfterWrite(causeExpired, wire.CloseUnauthorized, "the grant has expired")
	case left <= min(expiryNotice, c.expires.Sub(c.opened)/3) && c.expiring.CompareAndSwap(false, true):
		frame, _ := json.Marshal(wire.Expiring{Kind: wire.KindExpiring, In: left.Milliseconds()})
		c.sendControl(frame)
	}
}
