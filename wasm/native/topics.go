package native

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

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
	all      bool // every topic, or those that the address names
	version  int  // counts changes
	replaced int  // the version that SetTopics made last
}

func newTopics(names []string) topics {
	return topics{names: slices.Clone(names), all: len(names) == 0}
}

// set returns what replaces them; none means all.
func (t topics) set(names []string) topics {
	return topics{names: slices.Clone(names), all: len(names) == 0, version: t.version + 1, replaced: t.version + 1}
}

// with returns them and some more.
func (t topics) with(names []string) topics {
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
	gone := newTopics(names).has()
	t.names = slices.DeleteFunc(slices.Clone(t.names), func(name string) bool { return gone[name] })
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
	}
	return !t.all && (len(t.names) == 0 || size > addressBytes)
}

// addQuery adds them to the query of an address.
func (t topics) addQuery(q url.Values) {
	switch {
	case t.later():
		q.Del(wire.QueryTopic)
		q.Set(wire.QueryTopics, wire.TopicsLater)
	case !t.all:
		q[wire.QueryTopic] = t.names
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
	parts := pieces(t.names, limit)
	for i, names := range parts {
		more := i < len(parts)-1
		if i == 0 {
			frames = append(frames, frame(wire.Topics{Kind: wire.KindTopics, Topics: names, More: more}))
		} else {
			frames = append(frames, frame(wire.Add{Kind: wire.KindAdd, Topics: names, More: more}))
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
func pieces(names []string, limit int64) [][]string {
	if limit <= 0 || limit > messageBytes {
		limit = messageBytes
	}
	const rest = 600 // bytes of a frame besides the names; a position is at most 256 characters
	cut := [][]string{{}}
	left := limit - rest
	for _, name := range names {
		size := int64(len(frame(name))) + 1
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

// SetTopics replaces the topics, on this connection and on those after it. None
// means all.
func (c *Client) SetTopics(topics ...string) {
	c.mu.Lock()
	c.topics = c.topics.set(topics)
	c.mu.Unlock()
	c.do(func(*loop) {})
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
	c.mu.Lock()
	c.topics = c.topics.with(topics)
	limit := c.limit
	c.mu.Unlock()
	var asked []*request
	for _, names := range pieces(topics, limit) {
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
	c.mu.Unlock()
	if all {
		return "", ErrFollowsAll
	}
	var asked []*request
	for _, names := range pieces(topics, limit) {
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
