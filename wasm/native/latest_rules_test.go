package native

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestNewestEventsThatCannotBe(t *testing.T) {
	for want, rules := range map[string]map[string]time.Duration{
		"the name of a topic is empty":                             {"": 0},
		`"*" is no pattern`:                                        {"*": 0},
		`of "a" it is 9ms; it must be from 10 ms to 3600000 ms`:    {"a": 9 * time.Millisecond},
		`of "a" it is -1ns`:                                        {"a": -1},
		`of "a" it is 1h0m0.000000001s; it must be from 10 ms`:     {"a": time.Hour + 1},
		`or 0 for 250ms. For every event name the topic in Topics`: {"a": 1},
	} {
		if _, err := New(Options{URL: "ws://a", Latest: rules}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Options.Latest") {
			t.Errorf("%v, want %q", err, want)
		}
		c, _ := New(Options{URL: "ws://a"})
		if err := c.SetLatest(rules); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "SetLatest") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	c, err := New(Options{URL: "ws://a", Topics: []string{"a"}, Latest: map[string]time.Duration{"a": time.Hour, "b": 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]AddOptions{
		"Every is given without Latest": {Every: time.Second},
		`Every of "x" it is 1ns`:        {Latest: true, Every: 1},
	} {
		if _, err := c.AddTopics(t.Context(), []string{"x"}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := c.SetLatest(nil, ""); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Error(err)
	}
	if err := c.SetLatest(nil); err != nil || len(c.Topics()) > 0 {
		t.Errorf("%v, %v", err, c.Topics())
	}
}

func TestListsWithNewestEvents(t *testing.T) {
	list := newTopics([]string{"a", "b"}, map[string]time.Duration{"p.*": 0, "b": 16700 * time.Microsecond})
	query := func(list topics) string {
		q := url.Values{"latest": {"1,old"}}
		list.addQuery(q)
		return fmt.Sprint(q["topic"], q["latest"])
	}
	frames := func(list topics) (text string) {
		for _, f := range list.frames(0) {
			text += string(f)
		}
		return text
	}
	if got := query(list); got != "[a b p.*] [17,b 250,p.*]" {
		t.Error(got)
	}
	if got := frames(list); got != `{"wakesocket":"topics","topics":["a","b","p.*"],"latest":{"b":17,"p.*":250}}` {
		t.Error(got)
	}
	if got := fmt.Sprint(list.rules()); got != "map[a:0s b:17ms p.*:250ms]" {
		t.Error(got)
	}
	more := list.with([]string{"c", "b"}, 0).with([]string{"a"}, 40)
	if got := frames(more); got != `{"wakesocket":"topics","topics":["a","b","p.*","c"],"latest":{"a":40,"p.*":250}}` {
		t.Error(got)
	}
	if got := frames(more.without([]string{"a", "p.*"})); got != `{"wakesocket":"topics","topics":["b","c"]}` {
		t.Error(got)
	}
	if got := fmt.Sprint(list.rules(), len(list.names)); got != "map[a:0s b:17ms p.*:250ms] 3" {
		t.Errorf("a list was changed in place: %s", got)
	}
	if by := list.replace(newTopics([]string{"x"}, nil)); by.version != 1 || by.replaced != 1 {
		t.Errorf("%+v", by)
	}
	if all := newTopics(nil, nil).with([]string{"p.*"}, 40); fmt.Sprint(all.rules(), all.of([]string{"p.*"})) != "map[p.*:40ms] map[]" {
		t.Errorf("of all topics: %+v", all)
	}

	// Rules make a list longer, in an address and in a message.
	names := map[string]time.Duration{}
	for n := range 60 {
		names[fmt.Sprintf("topic.%020d", n)] = time.Hour
	}
	long := newTopics(nil, names)
	if !long.later() {
		t.Error("the rules do not count in the length of an address")
	}
	if long.latest = nil; long.later() {
		t.Error("rules count that there are not")
	}
	long = newTopics(nil, names)
	for _, limit := range []int64{1200, 2000, 4000} {
		for _, f := range long.frames(limit) {
			if int64(len(f)) > limit {
				t.Errorf("a frame has %d bytes, at most %d are allowed", len(f), limit)
			}
		}
	}
}
