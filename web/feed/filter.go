package feed

import (
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// filter is which topics a client gets: those that it asked for, of those that its
// grant and the Topics hook allow. The hook may be slow, so it is never called
// under a lock; its answers are kept.
type filter struct {
	everything bool                     // the client named no topics
	names      map[string]struct{}      // topics and patterns, see [wire.MatchTopic]; nil for all
	patterns   bool                     // names may hold a pattern
	latest     map[string]time.Duration // those of which it wants only the newest events, and how often; none of them is in names
	sent       map[string]store.ID      // topics of which it has events that come later, up to these
	granted    []string                 // topics and patterns that bound names; nil for no bound
	hook       func(topic string) bool
	answers    map[string]bool // of hook
}

const answersMax = 1024 // answers of the hook that are kept for a client

// newFilter makes the filter of a client that asks for the topics and patterns;
// none stands for all that its grant allows.
func newFilter(topics []string, a *access) filter {
	f := filter{hook: a.hook, granted: a.topics, everything: len(topics) == 0}
	if f.everything {
		topics, f.granted = a.topics, nil
	}
	if topics == nil {
		return f
	}
	f.names = make(map[string]struct{}, len(topics))
	f.add(topics)
	return f
}

// narrow drops the names that the grant holds nothing of.
func (f *filter) narrow(a *access) {
	for name := range f.names {
		if !a.mayWant(name) {
			delete(f.names, name)
		}
	}
	for name := range f.latest {
		if !a.mayWant(name) {
			delete(f.latest, name)
		}
	}
}

func (f *filter) add(topics []string) {
	for _, name := range topics {
		f.names[name] = struct{}{}
		f.patterns = f.patterns || wire.IsPattern(name)
	}
}

// with counts the names that there would be with more topics.
func (f *filter) with(topics []string) int {
	if f.everything {
		return 0
	}
	n := len(f.names) + len(f.latest)
	for name := range present(topics, f.names, false) {
		if _, has := f.latest[name]; !has {
			n++
		}
	}
	return n
}

// present are those of the names that the map has, or those that it lacks.
func present[V any](names []string, in map[string]V, has bool) map[string]struct{} {
	found := map[string]struct{}{}
	for _, name := range names {
		if _, ok := in[name]; ok == has {
			found[name] = struct{}{}
		}
	}
	return found
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

// changeTopics makes the client a subscriber of what it asks for, and returns what
// has to be done with its filter, and after that. It subscribes first: once the filter is
// changed, no event of a new topic may pass unseen; and before that, none of an old one.
// Only the reader calls it, so that nobody else changes the filter meanwhile.
func (c *client) changeTopics(r *command) (change func(*filter), after func()) {
	wanting, sampling := c.feed.wanting, c.feed.sampling
	has := &c.filter
	leaving := func(names, latest map[string]struct{}) func() {
		return func() { wanting.remove(c, names); sampling.remove(c, latest) }
	}
	switch {
	case r.Kind == wire.KindTopics:
		next := newFilter(r.Topics, c.access)
		next.conflate(r.Latest)
		next.narrow(c.access)
		leave := wanting.replace(c, has.names, next.names)
		leaveSampling := sampling.replace(c, has.latestNames(), next.latestNames())
		return func(f *filter) {
			next.answers, next.sent = f.answers, f.sent
			if next.latest == nil && f.latest != nil {
				next.latest = map[string]time.Duration{}
			}
			*f = next
		}, func() { leave(); leaveSampling() }
	case has.everything || r.Kind == wire.KindHistory:
		return func(*filter) {}, func() {}
	case r.Kind == wire.KindAdd:
		ordinary := slices.DeleteFunc(slices.Clone(r.Topics), func(name string) bool { return r.Latest[name] > 0 })
		sampled := slices.Collect(maps.Keys(r.Latest))
		wanting.add(c, present(ordinary, has.names, false))
		sampling.add(c, present(sampled, has.latest, false))
		after = leaving(present(sampled, has.names, true), present(ordinary, has.latest, true))
		return func(f *filter) {
			f.forget(ordinary)
			f.add(ordinary)
			f.conflate(r.Latest)
		}, after
	default:
		return func(f *filter) { f.forget(r.Topics) }, leaving(present(r.Topics, has.names, true), present(r.Topics, has.latest, true))
	}
}

// askTopic calls the hook. It runs without a lock in the goroutine of the client's
// writer, so a hook that blocks costs its own client only: the sweep drops that
// client after HookTimeout. A hook that panics allows nothing. One that ends the
// goroutine has ended the writer, and with it the connection.
func (c *client) askTopic(topic string) {
	allowed, returned := false, false
	c.hook.Store(monotonicNow())
	defer func() {
		if p := recover(); p != nil {
			c.feed.options.Logger.Error("Topics hook panicked; the topic is refused",
				"panic", p, "topic", topic, "stack", string(debug.Stack()))
		} else if !returned {
			c.feed.options.logFailedHook(nil, "hook", "Topics", "topic", topic)
			c.abort(causePanic)
		}
		c.hook.Store(0)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.filter.answered(topic, allowed)
	}()
	allowed = c.access.hook(topic)
	returned = true
}
