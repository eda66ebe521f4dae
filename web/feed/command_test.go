package feed

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// followed sends a request and returns its answer.
func (p *peer) followed(text string, number int) (f wire.Followed) {
	p.t.Helper()
	p.send(text)
	answer := p.answered(number)
	if err := json.Unmarshal([]byte(answer), &f); err != nil || f.Kind != wire.KindFollowed {
		p.t.Fatalf("%s is answered by %s", text, answer)
	}
	return f
}

func (p *peer) topicsOf(events []event) string {
	var topics []string
	for _, e := range events {
		topics = append(topics, e.Topic+string(e.Data))
	}
	return strings.Join(topics, " ")
}

// After the answer, every event after its position comes by the new topics, and no
// earlier one does.
func TestTopicsAreAddedAndRemoved(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("", "topic=a")
	first := s.publish("b", 1, 1)
	s.settle(first[0])
	if f := p.followed(`{"wakesocket":"add","n":1,"topics":["b","p.*"]}`, 1); f.Position != first[0] || f.Gap != nil {
		t.Errorf("%+v, want the position %s", f, first[0])
	}
	s.publish("b", 2, 2)
	s.publish("p.x", 3, 3)
	s.publish("c", 4, 4)
	s.settle(s.publish("a", 5, 5)[0])
	p.readEvents(3)
	p.followed(`{"wakesocket":"remove","n":2,"topics":["b","p.*","never"]}`, 2)
	s.publish("b", 6, 6)
	s.publish("p.x", 7, 7)
	s.publish("a", 8, 8)
	p.readEvents(4)
	p.followed(`{"wakesocket":"remove","n":3,"topics":["a"]}`, 3)
	s.publish("a", 9, 9)
	s.publish("b", 10, 10)
	p.followed(`{"wakesocket":"topics","n":4,"topics":["c"]}`, 4)
	s.publish("c", 11, 11)
	p.readEvents(5)
	if got := p.topicsOf(p.events); got != "b2 p.x3 a5 a8 c11" {
		t.Errorf("%s", got)
	}
}

// The earlier events that are asked for come before the answer, in history frames.
func TestAddBringsEarlierEvents(t *testing.T) {
	s := serve(t, Options{Ring: 20}).ready()
	ids := s.publish("b", 1, 3)
	s.publish("c", 1, 2)
	for n := range 30 { // so that some are no longer in the ring
		s.publish("noise", n, n)
	}
	s.settle(s.publish("c", 3, 3)[0])
	for i, test := range []struct {
		ask, want, gap string
	}{
		{`"topics":["b"],"last":1`, "b3", ""},
		{`"topics":["b","c"],"last":2`, "b2 b3 c2 c3", ""},
		{`"topics":["b","c"],"last":9`, "b1 b2 b3 c1 c2 c3", ""},
		{`"topics":["b"],"after":"` + ids[0] + `"`, "b2 b3", ""},
		{`"topics":["b"],"after":"e-1"`, "b1 b2 b3", wire.GapEpoch},
		{`"topics":["b"],"after":"x"`, "b1 b2 b3", wire.GapInvalid},
		{`"topics":["noise"],"after":"` + ids[2] + `"`, "", ""},
		{`"topics":["b"]`, "", ""},
	} {
		p := s.knowing("", "topic=none")
		f := p.followed(fmt.Sprintf(`{"wakesocket":"add","n":%d,%s}`, i+1, test.ask), i+1)
		var events []event
		for _, a := range p.histories() {
			if events = append(events, a.Events...); !a.More || a.Number != int64(i+1) {
				t.Errorf("%s: a frame %+v", test.ask, a)
			}
		}
		if test.want == "" && strings.Contains(test.ask, "noise") {
			if len(events) != 30 || f.Gap != nil {
				t.Errorf("%d events, %+v", len(events), f)
			}
			continue
		}
		if got := p.topicsOf(events); got != test.want || (f.Gap == nil) != (test.gap == "") || f.Gap != nil && (f.Gap.Reason != test.gap || f.Gap.Earliest != ids[0]) {
			t.Errorf("%s: %q, %+v", test.ask, got, f.Gap)
		}
		if len(p.events) > 0 {
			t.Errorf("%s: %v came as well", test.ask, p.events)
		}
	}
}

// More than one answer holds is a gap, which is told.
func TestAddWithTooMuchToReplay(t *testing.T) {
	s := serve(t, Options{}).ready()
	ids := s.publish("t", 1, 1100)
	s.settle(ids[1099])
	p := s.knowing("", "topic=none")
	f := p.followed(`{"wakesocket":"add","n":1,"topics":["t"],"after":"`+ids[0]+`"}`, 1)
	if f.Gap == nil || f.Gap.After != ids[0] || f.Gap.Reason != wire.GapLimited || f.Gap.Earliest != ids[100] {
		t.Errorf("%+v, the earliest is %s", f.Gap, ids[100])
	}
}

func TestWrongRequestsChangeNothing(t *testing.T) {
	s := serve(t, Options{MaxTopics: 3, Authorize: func(*http.Request) (*Grant, error) {
		return &Grant{Topics: []string{"a", "b", "c", "d", "p.*"}}, nil
	}}).ready()
	p := s.knowing("", "topic=a", "topic=b")
	for i, test := range []struct{ frame, code, says string }{
		{`"add","topics":["c","d"]`, wire.ErrorTooManyTopics, "4 with those that are followed, at most 3"},
		{`"add","topics":["secret"]`, wire.ErrorTopic, `topic "secret" may not be read`},
		{`"add","topics":["p.>"]`, wire.ErrorInvalid, `write "p.*"`},
		{`"add","topics":["*"]`, wire.ErrorInvalid, "no pattern"},
		{`"add","topics":[""]`, wire.ErrorInvalid, "topic"},
		{`"add","topics":"c"`, wire.ErrorInvalid, "list of strings"},
		{`"add","topics":["c"],"last":-1`, wire.ErrorInvalid, "fewer than 0"},
		{`"add","topics":["c"],"last":1.5`, wire.ErrorInvalid, "whole number"},
		{`"add","topics":["c"],"last":1,"after":"e-1"`, wire.ErrorInvalid, "leave one out"},
		{`"history","topic":"secret"`, wire.ErrorTopic, "may not be read"},
		{`"history","topic":"a","limit":-1`, wire.ErrorInvalid, "fewer than 0"},
		{`"topics","topics":["a","b","c","d"]`, wire.ErrorTooManyTopics, "at most 3"},
	} {
		p.errors = nil
		p.send(fmt.Sprintf(`{"wakesocket":%s,"n":%d}`, test.frame, i+1))
		p.readUntil("an error comes", func() bool { return len(p.errors) > 0 })
		if e := p.errors[0]; e.Number != int64(i+1) || e.Code != test.code || !strings.Contains(e.Message, test.says) {
			t.Errorf("%s: %+v", test.frame, e)
		}
	}
	p.followed(`{"wakesocket":"add","n":90,"topics":["a","b","c"]}`, 90) // no more than three
	all := s.knowing("")
	all.send(`{"wakesocket":"remove","n":1,"topics":["a"]}`)
	all.readUntil("an error comes", func() bool { return len(all.errors) > 0 })
	if e := all.errors[0]; e.Code != wire.ErrorInvalid || !strings.Contains(e.Message, "all topics are followed") {
		t.Errorf("%+v", e)
	}
	all.followed(`{"wakesocket":"add","n":2,"topics":["a"]}`, 2)
	s.publish("b", 1, 1)
	all.readEvents(1)
	s.publish("d", 2, 2)
	s.publish("c", 3, 3)
	p.readEvents(2)
	if got := p.topicsOf(p.events); got != "b1 c3" {
		t.Errorf("%s", got)
	}
}

// A client that does not read its answers cannot make the feed keep many requests.
func TestRequestsThatWaitAreBounded(t *testing.T) {
	c := &client{feed: &Feed{wanting: newSubscribers(), sampling: newSubscribers()}, access: &access{}}
	c.writing = true
	c.requests = make([]command, requestsMax-1)
	if err := c.checkCommand(&command{Kind: wire.KindRemove}); err != nil {
		t.Error(err)
	}
	c.requests = make([]command, requestsMax)
	if err := c.checkCommand(&command{Kind: wire.KindRemove}); errorCode(err) != wire.ErrorRate {
		t.Error(err)
	}
}

// Thousands of topics follow a table that scrolls: each change costs what it changes.
func TestManyTopicsThatChangeOften(t *testing.T) {
	s := serve(t, Options{MessageRate: 1e6}).ready()
	p := s.knowing("", "topic=none")
	name := func(n int) string { return fmt.Sprintf(`"row.%d"`, n) }
	var rows []string
	for n := range 3000 {
		rows = append(rows, name(n))
	}
	p.followed(fmt.Sprintf(`{"wakesocket":"add","n":1,"topics":[%s]}`, strings.Join(rows, ",")), 1)
	for n := range 200 {
		p.send(fmt.Sprintf(`{"wakesocket":"add","n":%d,"topics":[%s]}`, 2*n+2, name(3000+n)))
		p.send(fmt.Sprintf(`{"wakesocket":"remove","n":%d,"topics":[%s]}`, 2*n+3, name(n)))
		if n%20 == 19 {
			p.answered(2*n + 3)
		}
	}
	s.publish("row.199", 1, 1)
	s.publish("row.200", 2, 2)
	s.publish("row.3199", 3, 3)
	s.publish("row.3200", 4, 4)
	p.readEvents(2)
	if got := p.topicsOf(p.events); got != "row.2002 row.31993" {
		t.Errorf("%s", got)
	}
	p.conn.CloseNow()
	until(t, "nobody is subscribed", func() bool {
		s.wanting.mu.Lock()
		defer s.wanting.mu.Unlock()
		return len(s.wanting.named) == 0
	})
}

// Until the list has come the position stays, whatever happens; then nothing is
// missing.
func TestTopicsThatComeLater(t *testing.T) {
	s := serve(t, Options{Ring: 20}).ready()
	first := s.publish("a", 1, 1)[0]
	for _, frames := range [][]string{
		{`{"wakesocket":"topics","topics":["a","b"],"n":1}`},
		{`{"wakesocket":"topics","topics":["a"],"more":true}`, `{"wakesocket":"add","n":1,"topics":["b"]}`},
		{`{"wakesocket":"add","n":2,"topics":["a"],"more":true}`, `{"wakesocket":"add","n":1,"topics":["b"]}`},
	} {
		s.settle(s.publish("a", 2, 2)[0])
		p := s.knowing(first, "topics=later", "topic=a")
		if p.hello.Live || !p.hello.Resumed || p.hello.Position != first {
			t.Errorf("%+v", p.hello)
		}
		for _, frame := range frames[:len(frames)-1] {
			p.send(frame)
		}
		s.publish("c", 3, 40) // so that the position leaves the ring
		s.settle(s.publish("b", 4, 4)[0])
		p.send(wire.Ping)
		p.readUntil("the pong comes", func() bool { return p.pongs > 0 })
		if len(p.events) > 0 {
			t.Errorf("%v came before the list was complete", p.events)
		}
		if f := p.followed(frames[len(frames)-1], 1); f.Position != first {
			t.Errorf("followed from %+v, want %s", f, first)
		}
		p.readUntil("it is live", func() bool { n := len(p.positions); return n > 0 && p.positions[n-1].Live })
		if got := p.topicsOf(p.events); got != "a2 b4" {
			t.Errorf("%v: %s", frames, got)
		}
		first = p.positions[len(p.positions)-1].Position
	}
	if ce := s.dial("wakesocket=1&topics=now").closed(); ce.Code != wire.ClosePolicy || !strings.Contains(ce.Reason, `"later"`) {
		t.Errorf("%+v", ce)
	}
	p := s.knowing("", "topics=later")
	p.followed(`{"wakesocket":"add","n":1,"topics":[]}`, 1)
	s.publish("a", 5, 5)
	p.followed(`{"wakesocket":"add","n":2,"topics":["b"]}`, 2)
	s.publish("b", 6, 6)
	p.readEvents(1)
	if got := p.topicsOf(p.events); got != "b6" {
		t.Errorf("%s", got)
	}
}
