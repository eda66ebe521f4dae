package native

import (
	"net/url"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// FuzzParse reads any frame. Whatever it holds is an input that a session takes,
// with an event for each id.
func FuzzParse(f *testing.F) {
	for _, frame := range []string{
		wire.Pong, ``, `null`, `[`, `[]`, ` [{"id":"e-1","topic":"cpu","data":1}, 7]`, `{"id":9007199254740993,"data":{}}`, `{"id":{}}`, `{"id":"\ud800"}`, `{"id":-0.0e9}`,
		`{"wakesocket":"hello","resumed":true,"gap":{"after":"a","earliest":"b","reason":"c"},"at":"e-1","live":true,"heartbeat":1e3,"spread":-1}`,
		`{"wakesocket":"hello","heartbeat":9223372036854775807,"spread":9223372036854775807}`,
		`{"wakesocket":"position","at":"e-9","live":true}`, `{"wakesocket":"at","at":9}`, `{"wakesocket":7}`,
	} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		got, err := parse(1, frame, time.Unix(1, 0))
		if got.Input == nil {
			t.Fatalf("%q is no input, %v", frame, err)
		}
		in, is := got.Input.(session.Events)
		if len(in.IDs) != len(got.events) || is != (len(got.events) > 0) {
			t.Fatalf("%q has %d ids and %d events", frame, len(in.IDs), len(got.events))
		}
		for i, e := range got.events {
			if e.ID != in.IDs[i] || len(e.Raw) == 0 {
				t.Fatalf("event %d of %q is %+v, its id %q", i, frame, e, in.IDs[i])
			}
		}
		s, _ := session.New(session.Defaults(), func() float64 { return 0.5 })
		for i, step := range []session.Input{session.Start{}, session.URLReady{Generation: 1}, session.Opened{Generation: 1}, got.Input, session.Closed{Generation: 1, Code: 1006}, session.Tick{}} {
			s.Handle(session.Instant{Mono: 1, Wall: 1}, step)
			if at, ok := s.Deadline(); ok && at < 0 {
				t.Fatalf("after step %d with %q the deadline is %v", i, frame, at)
			}
		}
	})
}

// FuzzAddress adds our words to any address: what was there stays, and what we add
// can be read again as it was.
func FuzzAddress(f *testing.F) {
	f.Add("wss://example.org/feed?token=a%26b", "e-1", "reset")
	f.Add("http://a", "é&x=1#y", "sleep")
	f.Add("http://a?after=old&wakesocket=9", "+ %", "")
	f.Add("wss://[::1]:80?a;b", "x", "x,1")
	f.Fuzz(func(t *testing.T, given, after, cause string) {
		before, err := parseURL(given)
		if err != nil {
			return
		}
		c := &Client{options: Options{ID: "me"}}
		address, _ := parseURL(given)
		c.addQuery(address, session.Dial{Generation: 1, After: after, Previous: &wire.Previous{Cause: cause}}, newTopics([]string{"cpu"}, nil), "")
		got := address.String()
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", given, got, err)
		}
		q := u.Query()
		if u.Host != before.Host || u.Path != before.Path || after != "" && q.Get(wire.QueryAfter) != after || q.Get(wire.QueryVersion) != wire.Version {
			t.Fatalf("%q after %q became %q", given, after, got)
		}
		for name, values := range before.Query() {
			switch name {
			case wire.QueryAfter, wire.QueryVersion, wire.QueryPrevious, wire.QueryClient, wire.QueryTopic:
				continue
			}
			if len(q[name]) != len(values) {
				t.Fatalf("%q lost %q: %q", given, name, got)
			}
		}
		if was, ok := wire.ParsePrevious(q.Get(wire.QueryPrevious)); utf8.ValidString(cause) && ok && was.Up != 0 {
			t.Fatalf("the loss became %+v", was)
		}
	})
}
