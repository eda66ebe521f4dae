package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

func (k *conn) send(c *checker, text string) error {
	return k.ws.Write(c.ctx, websocket.MessageText, []byte(text))
}

// pong reads until a pong comes.
func (c *checker) pong(k *conn) bool {
	deadline := time.Now().Add(c.patience)
	for time.Now().Before(deadline) {
		f, err := k.next(time.Until(deadline))
		if err != nil {
			return false
		}
		if f.pong {
			return true
		}
	}
	return false
}

// checkHello finds out whether the server sends a hello, and whether its position
// is a place from which a client can go on.
func (c *checker) checkHello() {
	k := c.connect("open", query(true, ""))
	if k == nil {
		return
	}
	defer k.close()
	k.next(c.patience)
	c.full = k.hello != nil
	if !c.full {
		for _, rule := range []string{"hello", "position", "live", "topics"} {
			c.skip(rule, "the server sends no hello")
		}
		return
	}
	c.checkPosition(k)
	if last := c.history.newest(); last != "" {
		back := c.connect("hello", query(true, last))
		if back == nil {
			return
		}
		defer back.close()
		if back.next(c.patience); back.hello == nil || !back.hello.Resumed {
			c.fail("hello", `"resumed" is not true for the newest id %q`, last)
		}
	}
	after := c.history.at(c.oldest()).id
	old := c.connect("live", query(true, after))
	if old == nil {
		return
	}
	defer old.close()
	for deadline := time.Now().Add(c.patience); ; {
		_, err := old.next(time.Until(deadline))
		if old.hello != nil && old.hello.Live || old.position != nil && old.position.Live {
			return
		}
		if err != nil {
			c.fail("live", "a client that connected with after=%s was not told that it is live", after)
			return
		}
	}
}

func (c *checker) checkPosition(k *conn) {
	if k.hello.Position == "" {
		c.skip("position", "the hello of a client without a cursor has no position")
		return
	}
	back := c.connect("position", query(true, k.hello.Position))
	if back == nil {
		return
	}
	defer back.close()
	if back.next(c.patience); back.hello == nil || !back.hello.Resumed || back.hello.Gap != nil {
		c.fail("position", "a client that connected with after=%s, the position of a hello, was not resumed", k.hello.Position)
		return
	}
	first, ok := c.first("position", "after the position of a hello", k)
	if !ok {
		return
	}
	if again, ok := c.first("position", "after=<position of a hello>", back); ok && again > first {
		c.fail("position", "after=%s misses the event %q", k.hello.Position, c.history.at(first).id)
	}
}

func (c *checker) checkPong() {
	for _, full := range c.modes() {
		for _, after := range []string{"", c.history.at(c.oldest()).id} {
			k := c.connect("pong", query(full, after))
			if k == nil {
				return
			}
			if err := k.send(c, wire.Ping); err != nil || !c.pong(k) {
				c.fail("pong", `%s, after=%q: no "pong" within %v`, modeName(full), after, c.patience)
			}
			k.close()
		}
	}
}

func (c *checker) checkOrder() {
	for _, full := range c.modes() {
		k := c.connect("order", query(full, ""))
		if k == nil {
			return
		}
		if place, ok := c.first("order", modeName(full), k); ok {
			c.expect("order", modeName(full), k, place, 5)
		}
		k.close()
	}
}

func (c *checker) checkTopics() {
	if !c.full {
		return
	}
	topics := c.history.topics()
	if len(topics) == 0 {
		c.skip("topics", "the events have no topics")
		return
	}
	one := topics[0]
	q := query(true, "")
	q.Set(wire.QueryTopic, one)
	k := c.connect("topics", q)
	if k == nil {
		return
	}
	defer k.close()
	c.onlyTopic(k, one, 5)
	frame, _ := json.Marshal(wire.Topics{Kind: wire.KindTopics, Topics: []string{"conform-none"}})
	if k.send(c, string(frame)) != nil || k.send(c, wire.Ping) != nil || !c.pong(k) {
		c.fail("topics", "no pong after a topics frame")
		return
	}
	for on := time.Now().Add(c.patience / 2); time.Now().Before(on); { // what was on its way
		k.nextEvent(time.Until(on))
	}
	if e, err := k.nextEvent(c.patience / 2); err == nil {
		c.fail("topics", "an event of %q came after a topics frame without that topic", e.topic)
	} else if err != errQuiet {
		c.fail("topics", "after a topics frame the client was %s", closeText(err))
	}
}

// onlyTopic reads n events, all of one topic, without a hole.
func (c *checker) onlyTopic(k *conn, topic string, n int) {
	place := -1
	for range n {
		e, err := k.nextEvent(2 * c.patience)
		if err != nil {
			c.fail("topics", "topic=%s: %s", topic, closeText(err))
			return
		}
		if e.topic != topic {
			c.fail("topics", "topic=%s: an event of %q came", topic, e.topic)
			return
		}
		at, ok := c.place(e)
		if !ok {
			return // rule order
		}
		for between := place + 1; place >= 0 && between < at; between++ {
			if missed := c.history.at(between); missed.topic == topic {
				c.fail("topics", "topic=%s: the event %q is missing", topic, missed.id)
				return
			}
		}
		place = at
	}
}

// checkMessages sends what a page may send, up to the limit of the hello and
// beyond it.
func (c *checker) checkMessages() {
	for _, full := range c.modes() {
		k := c.connect("message", query(full, ""))
		if k == nil {
			return
		}
		k.next(c.patience)
		sizes := []int{20, 4000}
		if k.hello != nil && k.hello.Limits != nil && k.hello.Limits.Message > 0 {
			most := int(k.hello.Limits.Message)
			sizes = []int{20, most, most + 1, 2 * most}
		}
		for _, size := range sizes {
			text := `{"conform":"` + strings.Repeat("x", size-14) + `"}`
			if k.send(c, text) != nil || k.send(c, wire.Ping) != nil || !c.pong(k) {
				c.fail("message", "%s: after a message of %d bytes the client was not answered any more", modeName(full), size)
				break
			}
		}
		k.close()
	}
}

func (c *checker) checkRefusal() {
	if c.refused == "" {
		c.skip("refusal", "name a query that the server refuses with -refused")
		return
	}
	u, err := c.url.Parse("?" + c.refused)
	if err != nil {
		c.skip("refusal", err.Error())
		return
	}
	k := c.connect("refusal", u.Query())
	if k == nil {
		return
	}
	defer k.close()
	for {
		_, err := k.next(c.patience)
		if err == nil {
			continue
		}
		code := websocket.CloseStatus(err)
		_, hasAdvice := wire.ParseAdvice(reasonOf(err))
		switch {
		case err == errQuiet:
			c.fail("refusal", "?%s: the client was not closed", c.refused)
		case code == wire.CloseTryLater || code == wire.CloseRestart || code == wire.CloseTooMany:
			if !hasAdvice {
				c.fail("refusal", `?%s: %s; the reason should begin with "retry=<ms>"`, c.refused, closeText(err))
			}
		case code != wire.CloseUnauthorized && !wire.Permanent(int(code)):
			c.fail("refusal", "?%s: %s", c.refused, closeText(err))
		}
		return
	}
}

// checkSlow stops reading for a while. The other clients must not notice, and the
// slow one must miss nothing.
func (c *checker) checkSlow() {
	c.check("slow")
	last := c.history.newest()
	k, err := c.dialSlow(query(true, last))
	if err != nil {
		c.fail("slow", "%v", err)
		return
	}
	defer k.close()
	time.Sleep(c.patience / 2)
	before := c.history.len()
	time.Sleep(c.patience / 2)
	if c.history.len() == before {
		c.fail("slow", "while one client did not read, another got no event for %v", c.patience/2)
	}
	c.readers.Go(func() { k.read(c.ctx) })
	place, _ := c.history.find(last)
	for end := c.history.len() - 1; place < end; {
		e, err := k.nextEvent(c.patience)
		if err == errQuiet {
			c.fail("slow", "a client that did not read for %v did not get the event %q", c.patience, c.history.at(place+1).id)
			return
		}
		if err != nil { // closed: it comes back
			back := c.connect("slow", query(true, c.history.at(place).id))
			if back == nil {
				return
			}
			defer back.close()
			f, _ := back.next(c.patience)
			if back.pending = f.events; back.hello == nil || back.hello.Gap == nil { // else the hole is reported
				c.expect("slow", "a slow client that was "+closeText(err)+" and came back", back, place, 3)
			}
			return
		}
		if place++; c.history.wait(place+1, c.patience) && c.history.at(place).id != e.id {
			c.fail("slow", "a client that did not read for %v: %s", c.patience, c.describe(e.id, place))
			return
		}
	}
}

func reasonOf(err error) string {
	_, reason, _ := strings.Cut(closeText(err), " with ")
	_, reason, _ = strings.Cut(reason, " ")
	return reason
}
