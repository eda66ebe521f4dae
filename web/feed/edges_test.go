package feed

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// The longest topic can be asked for by a pattern, too; a longer one is nobody's.
func TestPatternOfTheLongestTopic(t *testing.T) {
	f := newFilter([]string{"p.*"}, &access{})
	longest := "p." + strings.Repeat("x", store.MaxTopic-2)
	if !f.has(longest) || f.has(longest+"x") {
		t.Errorf("the longest: %v, a longer one: %v", f.has(longest), f.has(longest+"x"))
	}
}

// An idle client is started only for what it may have and wants.
func TestOfferThatIsNotForTheClient(t *testing.T) {
	for name, change := range map[string]func(*client){
		"not granted": func(c *client) { c.filter.granted = []string{"a"} },
		"refused": func(c *client) {
			c.filter.hook, c.filter.answers = func(string) bool { return false }, map[string]bool{"t": false}
		},
		"had already":  func(c *client) { c.filter.conflate(wire.Latest{"u": 50}); c.filter.had("t", id(3)) },
		"read already": func(c *client) { c.at.seq = 13 },
		"list to come": func(c *client) { c.later = true },
		"is writing":   func(c *client) { c.writing = true },
	} {
		c := &client{}
		c.inRing, c.at, c.pos = true, cursor{1, 5}, id(1)
		c.filter = newFilter([]string{"t"}, &access{})
		change(c)
		at, pos, writing := c.at, c.pos, c.writing
		c.offer(mark{cursor{1, 10}, id(2)}, logged(1, 3, one("t")))
		if c.at != at || c.pos != pos || c.writing != writing {
			t.Errorf("%s: at %v, position %v, writing %v", name, c.at, c.pos, c.writing)
		}
	}
}

// A cursor is moved over events only within the ring that it is in, and forward.
func TestJump(t *testing.T) {
	for _, test := range []struct {
		inRing bool
		at     cursor
		moved  bool
	}{{true, cursor{1, 9}, true}, {true, cursor{1, 10}, false}, {true, cursor{1, 11}, false}, {true, cursor{2, 9}, false}, {false, cursor{1, 9}, false}} {
		c := &client{}
		c.inRing, c.at, c.pos = test.inRing, test.at, id(1)
		c.jump(mark{cursor{1, 10}, id(7)})
		if moved := c.at == (cursor{1, 10}) && c.pos == id(7) && c.skipped; moved != test.moved || !moved && (c.at != test.at || c.pos != id(1) || c.skipped) {
			t.Errorf("%+v: at %v, position %v, skipped %v", test, c.at, c.pos, c.skipped)
		}
	}
}

// Events that have left the ring are not held by it.
func TestTrimmedRingHoldsNothing(t *testing.T) {
	r := newRing(8, 1<<20)
	r.reset(id(0))
	r.append(logged(1, 6, one("t")))
	r.trim(id(4))
	held := 0
	for i := range r.slots {
		if r.slots[i].frame != nil || r.slots[i].lists != nil {
			held++
		}
	}
	if held != 2 || r.bytes != 2*r.slot(r.first).size() {
		t.Errorf("%d events with %d bytes are held for 2", held, r.bytes)
	}
}

// An end of the log that the ring has reached meanwhile does not stand in for the next.
func TestQuestionThatIsSettledMakesRoom(t *testing.T) {
	start := time.Now()
	var h health
	h.begin(start)
	h.await(start.Add(time.Second), id(5), id(4))
	h.await(start.Add(2*time.Second), id(6), id(6))
	if age := h.age(start.Add(2 * time.Second)); age != 0 {
		t.Errorf("the age is %v", age)
	}
}

// A hook that has returned is not taken for one that hangs.
func TestHookThatHasReturnedIsNotStuck(t *testing.T) {
	i, called := newInbox(), false
	f := &Feed{memory: newBudget(10)}
	f.options.OnMessage = func(Client, []byte) {
		called = true
		if i.stuck(time.Now().Add(time.Hour)) < time.Minute {
			t.Error("a call under way does not count")
		}
	}
	f.memory.take(7)
	i.handle(&client{feed: f}, inboxMessage{held: 7})
	if stuck := i.stuck(time.Now().Add(time.Hour)); !called || stuck != 0 || f.memory.used.Load() != 0 {
		t.Errorf("stuck for %v, %d bytes are held", stuck, f.memory.used.Load())
	}
}

// A caller without a token is told which kind of token it needs.
func TestReceiveNamesTheScheme(t *testing.T) {
	w := httptest.NewRecorder()
	new(Feed).Receive("secret").ServeHTTP(w, httptest.NewRequest("POST", "/publish?topic=cpu", strings.NewReader("1")))
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// A balancer must not be given an answer of before.
func TestReadinessIsNotCached(t *testing.T) {
	s := serve(t, Options{}).ready()
	for name, handler := range map[string]http.Handler{"ready": s.Ready(), "alive": s.Alive()} {
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, w.Header())
		}
	}
}
