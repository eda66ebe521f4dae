package feed

import (
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const (
	unfinishedText       = 0x01
	unfinishedContinuing = 0x00
	lastContinuing       = 0x80
)

// half is a client that sends the first bytes of a message, in fragments.
func (s *server) half(name string, size int) *rawClient {
	c := s.raw("client=" + name)
	first := byte(unfinishedText)
	for ; size > 0; size -= 2000 {
		c.Write([]byte(frame(first, strings.Repeat("x", min(size, 2000)))))
		first = unfinishedContinuing
	}
	return c
}

// held is the memory that the messages of each client hold.
func (s *server) held() map[string]int64 {
	held := map[string]int64{}
	for _, c := range s.snapshot() {
		held[c.info.ID] = c.inbound.held.Load()
	}
	return held
}

// Messages that are never finished share one budget, however many clients send them.
func TestUnfinishedMessagesShareTheBudget(t *testing.T) {
	got := make(chan int, 10)
	s := serve(t, Options{BufferBytes: 85_000, MaxMessage: 40_000, AcceptRate: -1, OnMessage: func(_ Client, data []byte) { got <- len(data) }}).ready()
	s.half("a", 35_000)
	until(t, "a holds memory", func() bool { return s.held()["a"] == 40_001 })
	s.half("b", 35_000)
	until(t, "b holds memory", func() bool { return s.held()["b"] == 40_001 })
	if used := s.memory.used.Load(); used != 80_002 {
		t.Errorf("%d bytes are counted", used)
	}
	// Both are too young to make room for another.
	c := s.half("c", 35_000)
	if code, reason := c.closed(); code != wire.CloseTryLater || !strings.Contains(reason, noRoom) {
		t.Errorf("closed with %d %q", code, reason)
	}
	if held := s.held(); held["a"] != 40_001 || held["b"] != 40_001 {
		t.Errorf("%v", held)
	}
	until(t, "c holds nothing", func() bool { return s.memory.used.Load() == 80_002 })
	// A small message needs no memory, one above 4 KiB does.
	d := s.half("d", 0)
	d.Write([]byte(frame(textFrame, `"`+strings.Repeat("x", 4093)+`"`)))
	if n := <-got; n != 4095 {
		t.Errorf("%d bytes", n)
	}
	d.Write([]byte(frame(textFrame, `"`+strings.Repeat("x", 4095)+`"`)))
	if code, reason := d.closed(); code != wire.CloseTryLater || !strings.Contains(reason, noRoom) {
		t.Errorf("closed with %d %q", code, reason)
	}
	// The one that takes longest makes room, and only that one.
	for _, c := range s.snapshot() {
		switch c.info.ID {
		case "a":
			c.inbound.since.Add(-int64(2 * time.Second))
		case "b":
			c.inbound.since.Add(-int64(3 * time.Second))
		}
	}
	e := s.half("e", 0)
	e.Write([]byte(frame(textFrame, `"`+strings.Repeat("x", 29_998)+`"`)))
	if n := <-got; n != 30_000 {
		t.Errorf("%d bytes", n)
	}
	until(t, "b is dropped", func() bool {
		for _, line := range s.log.with("client dropped") {
			if line["client"] == "b" {
				return line["cause"] == causeRefused
			}
		}
		return false
	})
	until(t, "only a holds memory", func() bool { return s.memory.used.Load() == 40_001 })
	if s.held()["a"] != 40_001 {
		t.Errorf("%v", s.held())
	}
}

// A message that is finished, dropped or broken off gives its memory back.
func TestMessagesGiveTheirMemoryBack(t *testing.T) {
	called, release := make(chan struct{}, 10), make(chan struct{})
	s := serve(t, Options{BufferBytes: 1 << 20, MaxMessage: 40_000, AcceptRate: -1, OnMessage: func(Client, []byte) {
		called <- struct{}{}
		<-release
	}}).ready()
	returned := func(what string) {
		t.Helper()
		until(t, what, func() bool { return s.memory.used.Load() == 0 })
	}
	c := s.half("a", 39_999)
	until(t, "it holds memory", func() bool { return s.memory.used.Load() == 40_001 })
	c.Write([]byte(frame(unfinishedContinuing, "xx"))) // too large from now on
	returned("a message that is too large holds nothing")
	c.Write([]byte(frame(lastContinuing, "x")))
	c.Write([]byte(frame(textFrame, `"`+strings.Repeat("x", 10_000)+`"`)))
	<-called // it counts until the hook has returned
	if used := s.memory.used.Load(); used != 16<<10 {
		t.Errorf("%d bytes are counted", used)
	}
	close(release)
	returned("the hook is done")
	s.half("b", 10_000)
	until(t, "it holds memory", func() bool { return s.memory.used.Load() > 10_000 })
	s.Close()
	returned("the connection has ended")
}

// What waits for a slow hook shares the budget, too.
func TestMessagesForTheHookShareTheBudget(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, Options{BufferBytes: 50_000, AcceptRate: -1, HookTimeout: time.Minute, OnMessage: func(Client, []byte) { <-release }}).ready()
	c := s.raw("client=a")
	message := frame(textFrame, `"`+strings.Repeat("x", 9_998)+`"`)
	for range 5 {
		c.Write([]byte(message))
	}
	if code, reason := c.closed(); code != wire.CloseTryLater || !strings.Contains(reason, noRoom) {
		t.Errorf("closed with %d %q", code, reason)
	}
	close(release)
	until(t, "the memory is given back", func() bool { return s.memory.used.Load() == 0 })
}
