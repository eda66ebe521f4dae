package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func always() bool { return true }

// A search finds the newest events that match, wherever they are, and says exactly
// how far back it has found all.
func TestSearchAgainstAList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	log := memory.New(memory.Options{Events: 3300})
	s := serve(t, Options{Store: log, Ring: 50}).ready()
	topics := []string{"a", "b.x", "b.y", "rare"}
	var all []store.Event
	for n := range 3500 {
		topic := topics[random.IntN(3)]
		if n%1100 == 150 {
			topic = "rare"
		}
		at, err := log.Publish(context.Background(), topic, []byte(fmt.Sprint(n)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, store.Event{ID: at, Topic: topic})
	}
	s.settle(all[len(all)-1].ID.String())
	all = all[200:]
	base := store.ID{Epoch: all[0].ID.Epoch, Major: all[0].ID.Major - 1}
	for range 300 {
		names := [][]string{{"a"}, {"b.*"}, {"rare"}, {"a", "rare"}, {"none"}, {"b.x", "b.*"}}[random.IntN(6)]
		end := all[random.IntN(len(all))].ID
		if random.IntN(2) == 0 {
			end = all[len(all)-1-random.IntN(60)].ID
		}
		q := &search{filter: newFilter(names, &access{}), before: end, events: 1 + random.IntN(100), bytes: 1 << 20, each: random.IntN(4)}
		if random.IntN(2) == 0 {
			q.after = all[random.IntN(len(all))].ID
		}
		if err := s.history(q, always); err != nil {
			t.Fatal(err)
		}
		var want, got []store.ID
		counts := map[string]int{}
		from, full := base, false
		if q.after.Compare(base) > 0 {
			from = q.after
		}
		for _, e := range slices.Backward(all) {
			if e.ID.Compare(end) >= 0 || e.ID.Compare(q.after) <= 0 || !q.filter.has(e.Topic) || q.each > 0 && counts[e.Topic] == q.each {
				continue
			}
			if full = len(want) == q.events; full {
				from = e.ID
				break
			}
			counts[e.Topic]++
			want = append(want, e.ID)
		}
		for _, e := range q.found {
			got = append(got, e.id)
		}
		early := !q.complete && !full // it had each of the topics, and stopped
		if !slices.Equal(got, want) || q.complete && from.Compare(end) < 0 && q.from != from || full && q.from != from || early && !slices.ContainsFunc(names, func(n string) bool { return counts[n] == q.each }) {
			t.Fatalf("%v before %s after %s, %d in all, %d of each: %d events, from %s, complete %v; want %d, from %s", names, end, q.after, q.events, q.each, len(got), q.from, q.complete, len(want), from)
		}
	}
}

// A log that is too long to be read says how far it was read, and claims no more.
func TestSearchIsBounded(t *testing.T) {
	log := &book{last: 100_000}
	f := &Feed{ring: newRing(10, 1<<20), options: Options{Store: log}}
	f.pager = newPager(log, patience, newBudget(64<<20))
	f.ring.reset(id(99_990))
	f.ring.append(logged(99_991, 100_000, one("t")))
	q := &search{filter: newFilter([]string{"rare"}, &access{}), before: id(100_001), events: 10, bytes: 1 << 20}
	if err := f.history(q, always); err != nil || q.complete || len(log.reads) != historyPages || q.from != id(84_000) {
		t.Errorf("%v, complete %v, %d reads, from %s", err, q.complete, len(log.reads), q.from)
	}
	pauses := 0
	q = &search{filter: newFilter([]string{"rare"}, &access{}), before: id(100_001), events: 10, bytes: 1 << 20}
	f.history(q, func() bool { pauses++; return pauses < 3 })
	if pauses != 3 || q.from != id(98_000) {
		t.Errorf("%d pauses, from %s", pauses, q.from)
	}
	q = &search{filter: newFilter([]string{"t"}, &access{}), before: id(100_001), events: 1000, bytes: 200}
	f.history(q, always)
	if n := len(q.found); n == 0 || n > 10 || q.bytes+len(q.found[0].frame) < 0 || q.from != id(100_000-n) {
		t.Errorf("%d events, %d bytes left, from %s", n, q.bytes, q.from)
	}
	q = &search{filter: newFilter([]string{"t"}, &access{}), before: id(100_001), events: 1000, bytes: len(f.ring.slot(f.ring.next-1).frame) + len(f.ring.slot(f.ring.next-2).frame)}
	if f.history(q, always); len(q.found) != 2 {
		t.Errorf("%d events; just two fit", len(q.found))
	}
	reads := len(log.reads)
	q = &search{filter: newFilter([]string{"t", "u"}, &access{}), before: id(100_001), after: id(99_990), events: 1000, bytes: 1 << 20}
	if f.history(q, always); len(log.reads) != reads || !q.complete || q.from != id(99_990) {
		t.Errorf("the log is read for what the ring has; complete %v, from %v", q.complete, q.from)
	}
	q = &search{filter: newFilter([]string{"t"}, &access{}), before: id(100_001), events: 1000, bytes: 1 << 20, each: 3}
	if f.history(q, always); len(log.reads) != reads || len(q.found) != 3 {
		t.Errorf("the log is read though the ring has enough: %d events", len(q.found))
	}
	q = &search{filter: newFilter([]string{"t"}, &access{}), before: store.ID{Epoch: "f", Major: 100_001}, events: 1000, bytes: 1 << 20}
	if err := f.history(q, always); !errors.Is(err, errNotLive) || len(q.found) > 0 {
		t.Errorf("before a position of another epoch: %d events, %v", len(q.found), err)
	}
	q = &search{filter: newFilter([]string{"t"}, &access{}), before: id(100_001), events: 1000, bytes: 1}
	if f.history(q, always); len(q.found) != 1 {
		t.Errorf("%d events; the first always fits", len(q.found))
	}
}

type historyAnswer struct {
	Events   []event
	From, At string
	Complete bool
	Number   int64 `json:"n"`
	More     bool
}

func (p *peer) histories() (answers []historyAnswer) {
	for _, text := range p.controls {
		if strings.HasPrefix(text, `{"wakesocket":"history"`) {
			var a historyAnswer
			if err := json.Unmarshal([]byte(text), &a); err != nil {
				p.t.Fatal(err)
			}
			answers = append(answers, a)
		}
	}
	return answers
}

// answered reads until the request has its last answer.
func (p *peer) answered(number int) string {
	p.t.Helper()
	last := ""
	p.readUntil("the request is answered", func() bool {
		for _, text := range p.controls {
			if strings.Contains(text, fmt.Sprintf(`"n":%d`, number)) && !strings.Contains(text, `"more":true`) {
				last = text
			}
		}
		return last != ""
	})
	return last
}

func TestHistoryOverTheConnection(t *testing.T) {
	s := serve(t, Options{Ring: 20, Topics: func(*http.Request) func(string) bool {
		return func(topic string) bool { return topic != "p.secret" }
	}}).ready()
	var ids []string
	for n := range 10 {
		ids = append(ids, s.publish("p.a", n, n)...)
		s.publish("p.secret", n, n)
		s.publish("other", n, n)
	}
	s.settle(s.publish("other", 99, 99)[0])
	p := s.knowing("", "topic=none")
	for _, test := range []struct {
		ask, data string
		from      string
		complete  bool
	}{
		{`"topic":"p.a","limit":3`, "7 8 9", ids[6], false},
		{`"topic":"p.a","limit":3,"before":"` + ids[2] + `"`, "0 1", "", true},
		{`"topic":"p.a","before":"` + ids[0] + `"`, "", "", true},
		{`"topic":"p.a","limit":100000`, "0 1 2 3 4 5 6 7 8 9", "", true},
		{`"topic":"p.*","limit":4`, "8 9", "", false},
		{`"topic":"p.secret"`, "", "", true},
		{`"topic":"none"`, "", "", true},
	} {
		p.controls = nil
		p.send(`{"wakesocket":"history","n":7,` + test.ask + `}`)
		p.answered(7)
		a := p.histories()[0]
		var data []string
		for _, e := range a.Events {
			data = append(data, string(e.Data))
		}
		if got := strings.Join(data, " "); got != test.data || a.Complete != test.complete || test.from != "" && a.From != test.from {
			t.Errorf("%s: %+v", test.ask, a)
		}
	}
	if len(p.events) > 0 {
		t.Errorf("%v came beside the answers", p.events)
	}
	p.send(`{"wakesocket":"history","n":8,"topic":"p.a","before":"zzz-1"}`)
	p.send(`{"wakesocket":"history","n":9,"topic":"p.a","before":"?"}`)
	p.send(`{"wakesocket":"history","topic":"p.a"}`)
	p.send(`{"wakesocket":"history","n":10,"topic":"*"}`)
	p.readUntil("four errors", func() bool { return len(p.errors) == 4 })
	for i, want := range []struct {
		number int64
		says   string
	}{{0, `"n"`}, {8, "another epoch"}, {9, "no position"}, {10, "no pattern"}} {
		j := slices.IndexFunc(p.errors, func(e wire.Error) bool { return e.Number == want.number })
		if j < 0 || p.errors[j].Code != wire.ErrorInvalid || !strings.Contains(p.errors[j].Message, want.says) {
			t.Errorf("error %d: %+v", i, p.errors)
		}
	}
}

// A long answer comes in frames, and pongs come in between.
func TestLongHistory(t *testing.T) {
	s := serve(t, Options{}).ready()
	long := []byte(`"` + strings.Repeat("x", 2*wire.PartSize) + `"`)
	if _, err := s.Publish(context.Background(), "t", long); err != nil {
		t.Fatal(err)
	}
	ids := s.publish("t", 0, 999)
	s.settle(ids[999])
	p := s.knowing("", "topic=none")
	p.send(`{"wakesocket":"history","n":3,"topic":"t","limit":1000}`)
	p.answered(3)
	n := 0
	for _, a := range p.histories() {
		n += len(a.Events)
	}
	if answers := p.histories(); n != 1000 || len(answers) < 4 || answers[len(answers)-1].Complete {
		t.Errorf("%d events in %d frames", n, len(answers))
	}
	p.controls = nil
	p.send(`{"wakesocket":"history","n":4,"topic":"t","before":"` + ids[0] + `"}`)
	p.answered(4)
	if a := p.histories(); len(a) != 1 || len(a[0].Events) != 1 || string(a[0].Events[0].Data) != string(long) || !a[0].Complete {
		t.Errorf("%d frames", len(a))
	}
}

func TestHistoryByGet(t *testing.T) {
	s := serve(t, Options{OriginPatterns: []string{"page.example"}, Authorize: func(r *http.Request) (*Grant, error) {
		switch r.URL.Query().Get("token") {
		case "":
			return nil, ErrUnauthorized
		case "bad":
			return nil, ErrForbidden
		}
		return &Grant{Topics: []string{"p.*"}}, nil
	}, Topics: func(*http.Request) func(string) bool { return func(topic string) bool { return topic != "p.secret" } }}).ready()
	ids := s.publish("p.a", 0, 4)
	s.publish("p.secret", 5, 5)
	s.settle(s.publish("other", 6, 6)[0])
	for _, test := range []struct {
		query, origin string
		status        int
		says          string
	}{
		{"history=p.a&token=t", "", 200, `{"events":[{"id":"` + ids[0]},
		{"history=p.*&token=t&limit=2", "https://page.example", 200, `{"events":[{"id":"` + ids[4] + `","topic":"p.a"`},
		{"history=p.a&token=t&before=" + ids[1], "", 200, `"data":0}],"from":"` + strings.TrimSuffix(ids[0], "1") + `0","complete":true,"at":"`},
		{"history=p.a&token=t", "https://evil.example", 403, "origin not allowed"},
		{"history=p.a", "", 401, "unauthorized"},
		{"history=p.a&token=bad", "", 403, "forbidden"},
		{"history=other&token=t", "", 403, `topic "other" may not be read`},
		{"history=&token=t", "", 400, "topic"},
		{"history=p*&token=t", "", 400, "no pattern"},
		{"history=p.a&token=t&limit=0", "", 400, "from 1 to 1000"},
		{"history=p.a&token=t&limit=-1", "", 400, "from 1 to 1000"},
		{"history=p.a&token=t&limit=1", "", 200, `{"events":[{"id":"` + ids[4]},
		{"history=p.a&token=t&limit=99999", "", 200, `{"events":[{"id":"` + ids[0]},
		{"history=p.a&token=t&limit=1&limit=2", "", 400, `more than one "limit"`},
		{"history=p.a&token=t&before=x", "", 400, "no position"},
		{"history=p.a&token=t&before=zz-1", "", 400, "another epoch"},
		{"history=%e&token=t", "", 426, "WebSocket"},
	} {
		r, _ := http.NewRequest("GET", s.url+"/?"+test.query, nil)
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != test.status || !strings.Contains(string(body), test.says) {
			t.Errorf("%s: %d %s", test.query, answer.StatusCode, body)
		}
		credentials := map[bool]string{true: "true"}[test.status == 200 && test.origin != ""]
		if h := answer.Header; test.status != 426 && (h.Get("Cache-Control") != "no-store" || h.Get("Vary") != "Origin" || h.Get("X-Content-Type-Options") != "nosniff") ||
			h.Get("Access-Control-Allow-Credentials") != credentials {
			t.Errorf("%s: %v", test.query, h)
		}
		if test.status == 200 && (answer.Header.Get("Access-Control-Allow-Origin") != test.origin || answer.Header.Get("Content-Type") != "application/json" || !json.Valid(body) || strings.Contains(string(body), "secret")) {
			t.Errorf("%s: %v %s", test.query, answer.Header, body)
		}
	}
	if answer, err := http.Post(s.url+"/?history=p.a&token=t", "", nil); err != nil || answer.StatusCode != 405 || answer.Header.Get("Allow") != "GET" {
		t.Errorf("%v %v", answer, err)
	}
	until(t, "the places are given back", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.reserved == 0 })
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	if answer, err := http.Get(s.url + "/?history=p.a&token=t"); err != nil || answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%v %v", answer, err)
	}
}
