package feed

import (
	"context"
	"maps"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// claim is what one client has the feed follow. It is nil where every topic is followed.
// Only the client's reader uses it.
type claim struct {
	share *share
	names map[string]struct{}
}

// claim has the feed follow what a client wants, of what it may want.
func (f *Feed) claim(ctx context.Context, names map[string]struct{}) (*claim, error) {
	if f.share == nil {
		return nil, nil
	}
	c := &claim{f.share, map[string]struct{}{}}
	if err := c.extend(ctx, names); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

// extend waits until more names are followed.
func (c *claim) extend(ctx context.Context, names map[string]struct{}) error {
	more := map[string]struct{}{}
	for name := range names {
		if _, ok := c.names[name]; !ok {
			more[name] = struct{}{}
		}
	}
	c.share.add(more)
	maps.Copy(c.names, more)
	return c.share.await(ctx, names)
}

// keep lets go of all other names.
func (c *claim) keep(names map[string]struct{}) {
	rest := maps.Clone(c.names)
	maps.DeleteFunc(rest, func(name string, _ struct{}) bool { _, ok := names[name]; return ok })
	c.share.letGo(rest)
	maps.DeleteFunc(c.names, func(name string, _ struct{}) bool { _, ok := rest[name]; return ok })
}

func (c *claim) release() {
	if c != nil {
		c.keep(nil)
	}
}

// claimFor has the feed follow what a request asks for. When it cannot be done, the
// client is sent to dial again with its new topics.
func (c *client) claimFor(r *command) bool {
	adds := r.Kind == wire.KindAdd && !c.filter.everything && len(r.Topics) > 0
	if c.claim == nil || r.Kind != wire.KindTopics && !adds {
		return true
	}
	f := newFilter(r.Topics, c.access)
	if f.narrow(c.access); c.claim.extend(context.Background(), namesOf(&f)) == nil {
		return true
	}
	c.feed.options.Observer.StoreFailed(operationFollow)
	c.input(func(*inputs) {
		c.closeWithAdvice(causeStore, wire.CloseTryLater, "the log cannot be followed for more topics now")
	})
	return false
}
