package feed

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestAccess(t *testing.T) {
	granted := &access{topics: []string{"price.*", "news"}}
	for name, want := range map[string]bool{
		"news": true, "news.x": false, "price.gold": true, "price": false, "price.*": true, "price.gold.*": true, "*": false,
		"new": false, "pri.*": false,
	} {
		if got := granted.mayWant(name); got != want {
			t.Errorf("mayWant(%q) is %v", name, got)
		}
	}
	if !(&access{}).mayWant("anything") || (&access{topics: []string{}}).mayWant("anything") {
		t.Error("no list allows all, an empty one nothing")
	}
	if !(&access{topics: []string{"price.gold"}}).mayWant("price.*") {
		t.Error("a pattern that holds a topic that is granted is refused")
	}
}

func TestGrantBoundsTheTopics(t *testing.T) {
	s := serve(t, Options{Authorize: func(*http.Request) (*Grant, error) {
		return &Grant{Topics: []string{"price.*", "news"}}, nil
	}}).ready()
	all, some, forbidden := s.knowing(""), s.knowing("", "topic=price.gold", "topic=secret"), s.knowing("", "topic=secret")
	s.publish("secret", 1, 1)
	s.publish("price.gold", 2, 2)
	s.publish("news", 3, 3)
	all.readEvents(2)
	all.expect(2, 3)
	some.readEvents(1)
	some.expect(2, 2)
	some.send(`{"wakesocket":"topics","topics":["secret","news"]}`)
	some.readUntil("an error, the second", func() bool { return len(some.errors) > 1 })
	if e := some.errors[1]; e.Code != wire.ErrorTopic || !strings.Contains(e.Message, `"secret"`) {
		t.Errorf("%+v", e)
	}
	s.publish("secret", 4, 4)
	s.publish("news", 5, 5)
	some.readEvents(2)
	if string(some.events[1].Data) != "5" {
		t.Errorf("%+v", some.events)
	}
	forbidden.readUntil("an error", func() bool { return len(forbidden.errors) > 0 })
	if forbidden.errors[0].Code != wire.ErrorTopic || len(forbidden.events) > 0 {
		t.Errorf("%+v %+v", forbidden.errors, forbidden.events)
	}
}

// A name that only looks like a pattern would leave the user without data, and
// nobody would know why.
func TestGrantWithoutAPatternIsLogged(t *testing.T) {
	for topic, warned := range map[string]bool{"*": true, "price*": true, "*.price": true, "price.*": false, "price": false} {
		s := serve(t, Options{Authorize: func(*http.Request) (*Grant, error) { return &Grant{Topics: []string{topic}}, nil }})
		s.knowing("")
		if lines := s.log.with(`a grant names a topic that looks like a pattern and is none; "price.*" stands for the topics that begin with "price.", and Topics nil for all`); (len(lines) > 0) != warned {
			t.Errorf("%q: %v", topic, lines)
		}
	}
}

// A grant also bounds what a client is replayed from pages of the log.
func TestGrantBoundsPages(t *testing.T) {
	s := serve(t, Options{Ring: 2, Authorize: func(*http.Request) (*Grant, error) {
		return &Grant{Topics: []string{"price.*"}}, nil
	}}).ready()
	first := s.publish("price.gold", 0, 0)[0]
	s.publish("secret", 100, 120)
	s.publish("price.gold", 1, 10)
	s.settle(s.publish("price.gold", 11, 11)[0])
	for _, query := range []string{"", "wakesocket=1"} {
		for _, topics := range []string{"", "&topic=price.gold&topic=secret"} {
			p := s.dial(query + "&after=" + first + topics)
			p.readEvents(11)
			p.expect(1, 11)
		}
	}
}

// A grant that ended before the client came lets nobody in; one that ends in
// centuries does not overflow.
func TestGrantFromAnotherTime(t *testing.T) {
	for name, test := range map[string]struct {
		expires time.Time
		let     bool
	}{
		"an hour ago":     {time.Now().Add(-time.Hour), false},
		"1970":            {time.Unix(0, 0), false},
		"year 1":          {time.Time{}.Add(1), false},
		"in an hour":      {time.Now().Add(time.Hour), true},
		"in a millennium": {time.Now().AddDate(1000, 0, 0), true},
		"the last moment": {time.Unix(1<<62, 0), true},
		"never":           {time.Time{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, Options{Authorize: func(*http.Request) (*Grant, error) { return &Grant{Expires: test.expires}, nil }}).ready()
			p := s.dial("wakesocket=1")
			err := p.tryRead()
			if (err == nil) != test.let || test.let && (p.hello == nil || (p.hello.Expires > 0) == test.expires.IsZero()) {
				t.Fatalf("%v, %+v", err, p.hello)
			}
			if !test.let && websocket.CloseStatus(err) != wire.CloseUnauthorized {
				t.Errorf("%v", err)
			}
		})
	}
}

// The end of a grant is announced in time, then the client is closed with 4401.
func TestGrantExpires(t *testing.T) {
	t.Parallel()
	const lasts = 2 * time.Second
	s := serve(t, Options{Silence: time.Minute, WriteTimeout: time.Second, Authorize: func(*http.Request) (*Grant, error) {
		return &Grant{Expires: time.Now().Add(lasts)}, nil
	}}).ready()
	begin := time.Now()
	p := s.knowing("")
	if p.hello.Expires < 1 || p.hello.Expires > lasts.Milliseconds() {
		t.Errorf("hello says that it expires in %d ms", p.hello.Expires)
	}
	ce := p.closed()
	if took := time.Since(begin); ce.Code != wire.CloseUnauthorized || took < lasts-100*time.Millisecond {
		t.Errorf("%+v after %v", ce, took)
	}
	if len(p.controls) != 1 || !strings.Contains(p.controls[0], `"expiring"`) {
		t.Errorf("%q", p.controls)
	}
	if line := s.dropped(); line["cause"] != causeExpired {
		t.Errorf("%v", line)
	}
}

func TestWhenAGrantIsAnnounced(t *testing.T) {
	opened := noon
	for _, test := range []struct {
		life, after time.Duration
		announced   bool
	}{
		{time.Hour, time.Hour - 31*time.Second, false},
		{time.Hour, time.Hour - 30*time.Second, true},
		{30 * time.Second, 19 * time.Second, false},
		{30 * time.Second, 20 * time.Second, true},
	} {
		c := &client{opened: opened, expires: opened.Add(test.life)}
		c.writing = true
		c.checkGrant(opened.Add(test.after))
		c.checkGrant(opened.Add(test.after))
		if want := map[bool]int{true: 1}[test.announced]; len(c.controls) != want || c.closing != nil {
			t.Errorf("%+v: %q, %v", test, c.controls, c.closing)
		}
		if c.checkGrant(opened.Add(test.life)); c.closing == nil || c.closing.Code != wire.CloseUnauthorized {
			t.Errorf("%+v: %v at the end", test, c.closing)
		}
	}
}

// Disconnect reaches the connections of one user, or of one client, on every feed
// over the log, and nobody else.
func TestDisconnect(t *testing.T) {
	log := memory.New(memory.Options{})
	options := Options{Store: log, Authorize: func(r *http.Request) (*Grant, error) {
		return &Grant{User: r.URL.Query().Get("user")}, nil
	}}
	here, there := serve(t, options).ready(), serve(t, options).ready()
	ann1, ann2 := here.knowing("", "user=ann", "client=a1"), there.knowing("", "user=ann", "client=a2")
	bob1, bob2, nobody := here.knowing("", "user=bob", "client=b1"), there.knowing("", "user=bob", "client=b2"), here.knowing("")
	if err := here.Disconnect(t.Context(), Target{User: "ann"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*peer{ann1, ann2} {
		if ce := p.closed(); ce.Code != wire.CloseUnauthorized {
			t.Fatalf("%+v", ce)
		}
	}
	back := here.knowing(ann1.hello.Position, "user=ann") // its rights were asked for anew
	if err := here.Disconnect(t.Context(), Target{Client: "b2"}); err != nil {
		t.Fatal(err)
	}
	if ce := bob2.closed(); ce.Code != wire.CloseUnauthorized {
		t.Fatalf("%+v", ce)
	}
	here.publish("cpu", 1, 1)
	for _, p := range []*peer{bob1, nobody, back} {
		p.readEvents(1)
		p.expect(1, 1) // and nothing of the control topic, also in a replay
	}
	until(t, "both drops are logged", func() bool { return len(there.log.with("client dropped")) == 2 })
	if line := there.log.with("client dropped"); len(line) != 2 || line[0]["cause"] != causeRevoked {
		t.Errorf("%v", line)
	}
}

func TestDisconnectRefuses(t *testing.T) {
	seen := &noted{}
	s := serve(t, Options{Store: failing{memory.New(memory.Options{}), errors.New("disk full")}, Observer: seen}).ready()
	p, other := s.knowing("", "client=a"), s.knowing("", "client=b")
	if err := s.Disconnect(t.Context(), Target{}); err == nil || len(s.snapshot()) != 2 {
		t.Errorf("nobody: %v", err)
	}
	// When the log takes nothing, this feed's own clients are closed at least.
	if err := s.Disconnect(t.Context(), Target{Client: "a"}); err == nil || seen.failures(operationPublish) != 1 {
		t.Errorf("the store failed; Disconnect: %v, %d failures are counted", err, seen.failures(operationPublish))
	}
	if ce := p.closed(); ce.Code != wire.CloseUnauthorized {
		t.Errorf("%+v", ce)
	}
	other.send("ping")
	other.readUntil("pong", func() bool { return other.pongs == 1 })
	s.Close()
	if err := s.Disconnect(t.Context(), Target{Client: "b"}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A user who is disconnected while Authorize is still deciding does not slip in.
func TestDisconnectDuringTheHandshake(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := serve(t, Options{Authorize: func(*http.Request) (*Grant, error) {
		asked <- struct{}{}
		<-answer
		return &Grant{User: "ann"}, nil
	}}).ready()
	codes := make(chan int, 1)
	go func() {
		p := s.dial("")
		codes <- int(p.closed().Code)
	}()
	<-asked
	if err := s.Disconnect(t.Context(), Target{User: "ann"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the order is read", func() bool { s.revoked.mu.Lock(); defer s.revoked.mu.Unlock(); return len(s.revoked.latest) == 1 })
	close(answer)
	if code := <-codes; code != wire.CloseUnauthorized {
		t.Errorf("close code %d", code)
	}
}

func TestRevocationsAreForgotten(t *testing.T) {
	var r revocations
	for i := range 10 {
		r.add(revocation{id: store.ID{Major: uint64(i)}}, noon.Add(time.Duration(i)*revocationMemory/4))
	}
	if n := len(r.latest); n != 5 || r.latest[4].id.Major != 9 || len(r.times) != n {
		t.Errorf("%d are remembered", n)
	}
}

func TestControlTopicIsReserved(t *testing.T) {
	log := memory.New(memory.Options{})
	s := serve(t, Options{Store: log}).ready()
	if _, err := s.Publish(t.Context(), controlTopic, []byte("1")); !errors.Is(err, ErrInvalidTopic) {
		t.Errorf("%v", err)
	}
	p := s.knowing("", "topic="+controlTopic, "topic=cpu")
	for _, data := range []string{`{"disconnect":"everybody"}`, `{}`, `nonsense`, `{"disconnect":{}}`} { // by another program
		if _, err := log.Publish(context.Background(), controlTopic, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	s.publish("cpu", 1, 1)
	p.readEvents(1)
	p.expect(1, 1)
	if n := len(s.log.with("event of the control topic not understood")); n != 3 {
		t.Errorf("%d warnings\n%s", n, s.log)
	}
}

func TestFresh(t *testing.T) {
	s := serve(t, Options{
		Fresh: map[string]time.Duration{"cpu": 2 * time.Second, "price.*": 1500 * time.Millisecond, "secret": time.Minute},
		Authorize: func(*http.Request) (*Grant, error) {
			return &Grant{Topics: []string{"cpu", "mem", "price.gold"}}, nil
		},
	}).ready()
	p := s.knowing("")
	if f := p.hello.Fresh; len(f) != 2 || f["cpu"] != 2000 || f["price.*"] != 1500 {
		t.Errorf("%v", f)
	}
	if err := s.SetFresh(map[string]time.Duration{"secret": time.Second}); err != nil {
		t.Error(err)
	}
	if err := s.SetFresh(map[string]time.Duration{"mem": 5 * time.Second, "cpu": 0}); err != nil {
		t.Error(err)
	}
	p.readUntil("it is told", func() bool { return len(p.controls) > 0 })
	if p.controls[0] != `{"wakesocket":"fresh","fresh":{"cpu":0,"mem":5000}}` {
		t.Errorf("%q", p.controls)
	}
	f := s.knowing("").hello.Fresh
	if keys := slices.Collect(func(yield func(string) bool) {
		for k := range f {
			yield(k)
		}
	}); len(keys) != 2 || f["mem"] != 5000 || f["price.*"] != 1500 {
		t.Errorf("%v", f)
	}
	for _, age := range []time.Duration{-1, time.Microsecond} {
		if s.SetFresh(map[string]time.Duration{"cpu": age}) == nil {
			t.Errorf("%v is accepted", age)
		}
	}
}
