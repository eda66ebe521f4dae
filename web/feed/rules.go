package feed

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// wants reports whether the client gets every event of the topic.
func (f *filter) wants(topic string) bool {
	if f.latest == nil {
		return f.has(topic)
	}
	every, wanted := f.rule(topic)
	return wanted && every == 0
}

// rule tells whether the client asked for the topic, and how often it wants the
// newest event of it; 0 for every event. The most specific name decides.
func (f *filter) rule(topic string) (every time.Duration, wanted bool) {
	if f.names == nil {
		return 0, true
	}
	if every, ok := f.latest[topic]; ok {
		return every, true
	}
	if _, ok := f.names[topic]; ok || !f.patterns || len(topic) > store.MaxTopic {
		return 0, ok
	}
	var buffer [store.MaxTopic + 1]byte
	for i := len(topic) - 2; i > 0; i-- {
		if topic[i] != '.' {
			continue
		}
		pattern := append(append(buffer[:0], topic[:i]...), ".*"...)
		if every, ok := f.latest[string(pattern)]; ok {
			return every, true
		}
		if _, ok := f.names[string(pattern)]; ok {
			return 0, true
		}
	}
	return 0, false
}

// passes reports whether an event with one of the names is one that the client does
// not get: a more specific name decides, or it has had a later one.
func (f *filter) passes(e *entry) bool {
	if f.latest == nil {
		return false
	}
	if sent, ok := f.sent[e.topic]; ok && e.id.Compare(sent) <= 0 {
		return true
	}
	return !f.wants(e.topic)
}

// conflate moves names to those of which only the newest events are wanted.
func (f *filter) conflate(latest wire.Latest) {
	if len(latest) > 0 && f.latest == nil {
		f.latest = map[string]time.Duration{}
	}
	for name, every := range latest {
		delete(f.names, name)
		f.latest[name] = time.Duration(every) * time.Millisecond
		f.patterns = f.patterns || wire.IsPattern(name)
	}
}

// forget removes names.
func (f *filter) forget(names []string) {
	for _, name := range names {
		delete(f.names, name)
		delete(f.latest, name)
	}
}

// had notes that the client has had an event of a topic that comes later than some
// which it would be sent.
func (f *filter) had(topic string, id store.ID) {
	if f.sent == nil {
		f.sent = map[string]store.ID{}
	}
	f.sent[topic] = id
}

// latestNames are the names of which only the newest events are wanted.
func (f *filter) latestNames() map[string]struct{} {
	names := make(map[string]struct{}, len(f.latest))
	for name := range f.latest {
		names[name] = struct{}{}
	}
	return names
}
