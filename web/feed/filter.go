package feed

import (
	"runtime/debug"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// filter is which topics a client gets: those that it asked for, of those that its
// grant and the Topics hook allow. The hook may be slow, so it is never called
// under a lock; its answers are kept.
type filter struct {
	names    map[string]struct{} // topics and patterns, see [wire.MatchTopic]; nil for all
	patterns bool                // names holds a pattern
	granted  []string            // topics and patterns that bound names; nil for no bound
	hook     func(topic string) bool
	answers  map[string]bool // of hook
}

const answersMax = 1024 // answers of the hook that are kept for a client

// newFilter makes the filter of a client that asks for the topics and patterns;
// none stands for all that its grant allows.
func newFilter(topics []string, a *access) filter {
	f := filter{hook: a.hook, granted: a.topics}
	if len(topics) == 0 {
		topics, f.granted = a.topics, nil
	}
	if topics == nil {
		return f
	}
	f.names = make(map[string]struct{}, len(topics))
	for _, name := range topics {
		f.names[name] = struct{}{}
		f.patterns = f.patterns || wire.IsPattern(name)
	}
	return f
}

// has reports whether the client asked for the topic.
func (f *filter) has(topic string) bool {
	if f.names == nil {
		return true
	}
	if _, ok := f.names[topic]; ok || !f.patterns || len(topic) > store.MaxTopic {
		return ok
	}
	var buffer [store.MaxTopic + 1]byte
	for i := len(topic) - 2; i > 0; i-- {
		if topic[i] != '.' {
			continue
		}
		if _, ok := f.names[string(append(append(buffer[:0], topic[:i]...), ".*"...))]; ok {
			return true
		}
	}
	return false
}

// allows tells whether the client may have a topic that it asked for; known is
// false while the hook has not been asked.
func (f *filter) allows(topic string) (allowed, known bool) {
	if f.granted != nil && !matchesAny(f.granted, topic) {
		return false, true
	}
	if f.hook == nil {
		return true, true
	}
	allowed, known = f.answers[topic]
	return allowed, known
}

// answered keeps an answer of the hook.
func (f *filter) answered(topic string, allowed bool) {
	if f.answers == nil || len(f.answers) >= answersMax {
		f.answers = map[string]bool{}
	}
	f.answers[topic] = allowed
}

// setFilter changes what the client wants, from its position on. It becomes a
// subscriber of the new topics first: once the filter is set, no event of theirs may
// pass unseen.
func (c *client) setFilter(topics []string) {
	next := newFilter(topics, c.access)
	c.feed.wanting.replace(c, c.filter.names, next.names) // only this goroutine changes the filter
	c.input(func(in *inputs) {
		next.answers = in.filter.answers
		in.filter = next
	})
}

// askTopic calls the hook. It runs without a lock in the goroutine of the client's
// writer, so a hook that blocks costs its own client only: the sweep drops that
// client after HookTimeout. A hook that panics allows nothing.
func (c *client) askTopic(topic string) {
	allowed := false
	c.hook.Store(monotonicNow())
	defer func() {
		if p := recover(); p != nil {
			c.feed.options.Logger.Error("Topics hook panicked; the topic is refused",
				"panic", p, "topic", topic, "stack", string(debug.Stack()))
		}
		c.hook.Store(0)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.filter.answered(topic, allowed)
	}()
	allowed = c.access.hook(topic)
}
