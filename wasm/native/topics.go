package native

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/latest"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

const (
	// messageBytes is what a message may hold where the server names no limit.
	messageBytes = 64 << 10
	// addressBytes of topics at most go into an address: servers and proxies bound
	// its length.
	addressBytes = 4000
)

// topics are the topics that the client wants. It is not changed in place: each
// change makes another one.
type topics struct {
	names    []string
	latest   wire.Latest // of these the newest event is wanted
	all      bool        // every topic, or those that the address names
	version  int         // counts changes
	replaced int         // the version that SetTopics made last
}

// newTopics are topics whose every event is wanted, and those of which the newest is.
// None means all.
func newTopics(names []string, newest map[string]time.Duration) topics {
	t := topics{names: slices.Clone(names), latest: wire.Latest{}}
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		t.latest[name] = everyOf(newest[name])
		if !slices.Contains(names, name) {
			t.names = append(t.names, name)
		}
	}
	t.all = len(t.names) == 0
	return t
}

// replace returns what replaces them.
func (t topics) replace(by topics) topics {
	by.version, by.replaced = t.version+1, t.version+1
	return by
}

// rules say how often events of the topics may come.
func (t topics) rules() latest.Rules {
	if len(t.latest) == 0 {
		return nil
	}
	rules := make(latest.Rules, len(t.names))
	for _, name := range t.names {
		rules[name] = 0
	}
	for name, every := range t.latest {
		rules[name] = time.Duration(every) * time.Millisecond
	}
	return rules
}

// of are the rules that the server is told beside some of the names.
func (t topics) of(names []string) wire.Latest {
	if t.all || len(t.latest) == 0 {
		return nil
	}
	told := wire.Latest{}
	for _, name := range names {
		if every := t.latest[name]; every > 0 {
			told[name] = every
		}
	}
	return told
}

// with returns them and some more. Of these every event is wanted, or the newest once
// in so many ms.
func (t topics) with(names []string, every int64) topics {
	t.latest = maps.Clone(t.latest)
	for _, name := range names {
		if delete(t.latest, name); every > 0 {
			t.latest[name] = every
		}
	}
	if t.all {
		return t
	}
	had := t.has()
	t.names = slices.Clone(t.names)
	for _, name := range names {
		if !had[name] {
			had[name] = true
			t.names = append(t.names, name)
		}
	}
	t.version++
	return t
}

// without returns them without some. None that are left means none, not all.
func (t topics) without(names []string) topics {
	gone := topics{names: names}.has()
	t.names = slices.DeleteFunc(slices.Clone(t.names), func(name string) bool { return gone[name] })
	t.latest = maps.Clone(t.latest)
	maps.DeleteFunc(t.latest, func(name string, _ int64) bool { return gone[name] })
	t.version++
	return t
}

func (t topics) has() map[string]bool {
	has := make(map[string]bool, len(t.names))
	for _, name := range t.names {
		has[name] = true
	}
	return has
}

// later reports whether the list is too long for an address, or none.
func (t topics) later() bool {
	size := 0
	for _, name := range t.names {
		size += len(name) + len("&topic=")
		if t.latest[name] > 0 {
			size += len(name) + len("&latest=3600000%2C")
		}
	}
	return !t.all && (len(t.names) == 0 || size > addressBytes)
}

// addQuery adds them to the query of an address.
func (t topics) addQuery(q url.Values) {
	if !t.all || t.replaced > 0 {
		q.Del(wire.QueryLatest)
	}
	switch {
	case t.later():
		q.Del(wire.QueryTopic)
		q.Set(wire.QueryTopics, wire.TopicsLater)
	case !t.all:
		q[wire.QueryTopic] = t.names
		for _, name := range t.names {
			if every := t.latest[name]; every > 0 {
				q.Add(wire.QueryLatest, strconv.FormatInt(every, 10)+","+name)
			}
		}
	case t.replaced > 0:
		q.Del(wire.QueryTopic)
	}
}

// frames are the messages that tell the whole list.
func (t topics) frames(limit int64) [][]byte {
	if !t.all && len(t.names) == 0 {
		return [][]byte{frame(wire.Add{Kind: wire.KindAdd, Topics: []string{}})}
	}
	var frames [][]byte
	parts := t.pieces(t.names, limit)
	for i, names := range parts {
		more := i < len(parts)-1
		if i == 0 {
			frames = append(frames, frame(wire.Topics{Kind: wire.KindTopics, Topics: names, Latest: t.of(names), More: more}))
		} else {
			frames = append(frames, frame(wire.Add{Kind: wire.KindAdd, Topics: names, Latest: t.of(names), More: more}))
		}
	}
	return frames
}

// frame is a control frame as JSON.
func frame(control any) []byte {
	text, err := json.Marshal(control)
	if err != nil {
		panic(err) // the types of package wire have only texts and numbers
	}
	return text
}

// pieces cuts a list so that each piece fits into a message. No names are one piece.
func (t topics) pieces(names []string, limit int64) [][]string {
	if limit <= 0 || limit > messageBytes {
		limit = messageBytes
	}
	const rest = 600 // bytes of a frame besides the names; a position is at most 256 characters
	cut := [][]string{{}}
	left := limit - rest
	for _, name := range names {
		size := int64(len(frame(name))) + 1
		if t.latest[name] > 0 {
			size += size + int64(len(":3600000"))
		}
		last := len(cut) - 1
		if size > left && len(cut[last]) > 0 {
			cut = append(cut, nil)
			last++
			left = limit - rest
		}
		left -= size
		cut[last] = append(cut[last], name)
	}
	return cut
}

// SetTopics replaces the topics, on this connection and on those after it, also those
// of Options.Latest: every event of them is wanted. None means all.
func (c *Client) SetTopics(topics ...string) { c.setTopics(newTopics(topics, nil)) }

// SetLatest replaces the topics, on this connection and on those after it. Of those of
// the first argument the newest event is wanted, as in Options.Latest, and of the
// others every event. The error says which name or time cannot be.
func (c *Client) SetLatest(latest map[string]time.Duration, topics ...string) error {
	if err := checkLatest(latest); err != nil {
		return fmt.Errorf("native: SetLatest: %w", err)
	}
	if len(latest) > 0 || len(topics) > 0 {
		if err := checkNames("SetLatest", slices.Concat(topics, slices.Collect(maps.Keys(latest)))); err != nil {
			return err
		}
	}
	c.setTopics(newTopics(topics, latest))
	return nil
}

func (c *Client) setTopics(topics topics) {
	c.mu.Lock()
	c.topics = c.topics.replace(topics)
	c.mu.Unlock()
	c.do(func(l *loop) { l.latest.changed(nil) })
}

// Topics are the topics that are asked for; none means all, or that RemoveTopics has
// left none.
func (c *Client) Topics() []string {
	return slices.Clone(c.list().names)
}

func (c *Client) list() topics {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.topics
}

// AddOptions say which earlier events AddTopics brings; Last and After exclude each
// other. They come to OnEvent with History set, before the first event after the
// returned position, and may still wait for OnEvent when AddTopics returns. What is
// missing of the events after After is a [Gap].
type AddOptions struct {
	// Last is how many of the newest events of each topic come. Defaults to none.
	Last int
	// After is the position after which all events of the topics come. Defaults to
	// none of them.
	After string
	// Latest asks for the newest event of each of the topics only, as Options.Latest
	// does. Without it every event comes from now on, also of topics that were asked for
	// otherwise before.
	// Defaults to false.
	Latest bool
	// Every is how often the newest event of a topic comes at most, 10 ms to an hour.
	// Defaults to 250 ms.
	Every time.Duration
}

// AddTopics follows more topics, on this connection and on those after it. It waits
// for the server's answer, over as many connections as it takes, and returns the
// position from which on the topics are followed. A client that follows all topics
// gets only the earlier events. The error is a [*ServerError] when the server refuses
// (then the topics are not followed), that of ctx (then they may be), ErrUnsupported,
// ErrNotRunning, or why the client ended.
func (c *Client) AddTopics(ctx context.Context, topics []string, options AddOptions) (position string, err error) {
	if err := checkAdd(topics, options); err != nil {
		return "", err
	}
	r, err := c.asking()
	if err != nil {
		return "", err
	}
	every := int64(0)
	if options.Latest {
		every = everyOf(options.Every)
	}
	c.mu.Lock()
	c.topics = c.topics.with(topics, every)
	list, limit := c.topics, c.limit
	c.mu.Unlock()
	c.do(func(l *loop) { l.latest.changed(topics) })
	var asked []*request
	for _, names := range list.pieces(topics, limit) {
		asked = append(asked, newRequest(wire.Add{Kind: wire.KindAdd, Topics: names, Last: int64(options.Last), After: options.After}))
	}
	return c.followed(ctx, r, asked)
}

// RemoveTopics follows some topics no longer. It waits for the server's answer, and
// returns the position from which on. If the connection was lost meanwhile, events
// between the cursor and that position are left out, too. When no topic is left, no
// events come. The error is ErrFollowsAll, or one of those of AddTopics.
func (c *Client) RemoveTopics(ctx context.Context, topics ...string) (position string, err error) {
	if err := checkNames("RemoveTopics", topics); err != nil {
		return "", err
	}
	r, err := c.asking()
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	all, limit := c.topics.all, c.limit
	if !all {
		c.topics = c.topics.without(topics)
	}
	list := c.topics
	c.mu.Unlock()
	if all {
		return "", ErrFollowsAll
	}
	c.do(func(l *loop) { l.latest.changed(topics) })
	var asked []*request
	for _, names := range list.pieces(topics, limit) {
		asked = append(asked, newRequest(wire.Remove{Kind: wire.KindRemove, Topics: names}))
	}
	return c.followed(ctx, r, asked)
}

// followed waits for the answers to requests about topics. The first error counts.
func (c *Client) followed(ctx context.Context, r *run, asked []*request) (position string, err error) {
	answers, err := c.await(ctx, r, asked)
	if err != nil {
		return "", err
	}
	return answers[len(answers)-1].position, nil
}
