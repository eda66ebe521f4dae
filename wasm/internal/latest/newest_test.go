package latest

import (
	"fmt"
	"strings"
	"testing"
)

// take takes choices of topic "a", written as "id/skipped/count", and returns those
// that are new, as "id/skipped".
func take(n *Newest, c *Counts, choices ...string) string {
	var got []string
	for _, text := range choices {
		var id int
		e := Choice{Topic: "a"}
		fmt.Sscanf(text, "%d/%d/%d", &id, &e.Skipped, &e.Count)
		e.ID = fmt.Sprint("e-", id)
		if skipped, isNew := n.Take(c, e); isNew {
			got = append(got, fmt.Sprint(id, "/", skipped))
		}
	}
	return strings.Join(got, " ")
}

func hello(n *Newest, name string) *Counts {
	c, _ := n.Hello(name, "e-0", true)
	return c
}

func TestEachNewestEventComesOnce(t *testing.T) {
	n := NewNewest("")
	c := hello(n, "c")
	if got := take(n, c, "5/1", "5", "4", "6"); got != "5/1 6/0" {
		t.Error(got)
	}
	if _, isNew := n.Take(c, Choice{Topic: "a", ID: "f-1"}); !isNew {
		t.Error("an event of another epoch is none that is known")
	}
	if _, isNew := n.Take(c, Choice{Topic: "b", ID: "e-1"}); !isNew {
		t.Error("another topic is not the same")
	}
}

// What was passed over is told exactly, over connections with the same counts.
func TestCountsOverConnections(t *testing.T) {
	n := NewNewest("")
	first := hello(n, "c")
	check := func(c *Counts, choice, want string) {
		t.Helper()
		if got := take(n, c, choice); got != want {
			t.Errorf("%s: got %q, want %q", choice, got, want)
		}
	}
	check(first, "5/4/5", "5/4")
	check(first, "9/3", "9/3")
	second := hello(n, "c")
	check(second, "9/8/9", "")
	check(second, "12/2", "12/2")
	check(first, "12/2", "")
	check(first, "13", "13/0")
	check(hello(n, "c"), "15/6/15", "15/1")
	check(hello(n, "other"), "17/6/3", "17/6") // it counts from the start that it was told
	again := hello(n, "other")
	check(again, "19/1", "19/1") // no count is known
	check(again, "20", "20/0")
	check(hello(n, "other"), "25/9/1", "25/9")
	check(hello(n, "other"), "26/9/1", "26/0") // a count that cannot be is no reason for less than none
}

func TestThePositionMovesForward(t *testing.T) {
	n := NewNewest("")
	if _, lost := n.Hello("c", "e-3", true); n.Since != "e-3" || lost != "" {
		t.Errorf("since %q, lost %q", n.Since, lost)
	}
	for _, c := range []struct{ told, since string }{{"e-7", "e-7"}, {"e-6", "e-7"}, {"", "e-7"}, {"f-1", "f-1"}} {
		if n.Moved(c.told); n.Since != c.since {
			t.Errorf("after %q: %q, want %q", c.told, n.Since, c.since)
		}
	}
	if n.Hello("c", "f-9", true); n.Since != "f-1" {
		t.Errorf("a further connection moves it to %q", n.Since)
	}
}

func TestAServerThatDoesNotKnowNewestEvents(t *testing.T) {
	for name, c := range map[string]struct {
		since, at string
		wanted    bool
		lost      string
	}{
		"the first server":           {"", "e-9", true, ""},
		"after one that did":         {"e-3", "e-9", true, "e-3"},
		"nothing lies between":       {"e-9", "e-9", true, ""},
		"no newest event is wanted":  {"e-3", "e-9", false, ""},
		"a server of another log":    {"e-3", "f-9", true, "e-3"},
		"a position without a place": {"e-3", "", true, "e-3"},
	} {
		n := NewNewest(c.since)
		if counts, lost := n.Hello("", c.at, c.wanted); counts != nil || lost != c.lost || n.Since != "" {
			t.Errorf("%s: counts %v, lost %q, since %q", name, counts, lost, n.Since)
		}
	}
}

func TestTopicsOfLongAgoAreForgotten(t *testing.T) {
	n := NewNewest("")
	c := hello(n, "c")
	isNew := func(topic int) bool {
		_, isNew := n.Take(c, Choice{Topic: fmt.Sprint(topic), ID: "e-1"})
		return isNew
	}
	for topic := range maxTopics {
		if !isNew(topic) {
			t.Fatalf("topic %d is known", topic)
		}
	}
	n.Take(c, Choice{Topic: "0", ID: "e-2"}) // so that it stays
	if !isNew(maxTopics) || isNew(0) || isNew(2) || !isNew(1) || len(n.known) != maxTopics {
		t.Errorf("of %d topics the wrong ones are known", len(n.known))
	}
}

// Beside a snapshot, counts begin anew with it.
func TestNewestEventsBeginAnew(t *testing.T) {
	n := NewNewest("")
	if n.Restart("e-1"); n.Since != "" || n.Chosen {
		t.Errorf("since %q, before there was a server", n.Since)
	}
	c := hello(n, "c")
	if got := take(n, c, "5/1/5"); got != "5/1" || !n.Chosen {
		t.Errorf("got %q, chosen %v", got, n.Chosen)
	}
	if n.Restart("e-3"); n.Since != "e-3" || n.order.Len() > 0 {
		t.Errorf("since %q, %d topics are known", n.Since, n.order.Len())
	}
	if got := take(n, hello(n, "c"), "4/3/4"); got != "4/3" {
		t.Errorf("got %q", got)
	}
	if n.Hello("", "e-4", true); n.Chosen {
		t.Error("a server that does not know newest events chooses them")
	}
}
