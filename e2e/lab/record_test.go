package lab

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1_000_000, 0)

// at is a moment of virtual time, in seconds.
func at(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

// line is a connection and what happens to it; times are seconds, 0 for never.
type line struct {
	kind                       Kind
	context, site, url         string
	dialed, opened, first, end float64
	sends                      bool
}

func (l line) connection(t *testing.T) *connection {
	t.Helper()
	u, err := url.Parse(l.url)
	if err != nil {
		t.Fatal(err)
	}
	c := &connection{kind: l.kind, context: l.context, site: l.site, url: u, dialed: at(l.dialed), sends: l.sends}
	set := func(to *time.Time, s float64) {
		if s > 0 {
			*to = at(s)
		}
	}
	set(&c.opened, l.opened)
	set(&c.first, l.first)
	set(&c.last, l.first)
	return c
}

// play puts lines into a record; the trial begins at second 10 and ends at 70.
func play(t *testing.T, lines ...line) (*record, []Outcome) {
	t.Helper()
	r := &record{}
	played := map[*connection]float64{}
	endAll := func(now float64) {
		open := slices.SortedFunc(maps.Keys(played), func(a, b *connection) int { return cmp.Compare(played[a], played[b]) })
		for _, c := range open {
			if end := played[c]; end > 0 && end <= now && c.open() {
				r.end(c, at(end))
			}
		}
	}
	until := func(now float64) {
		endAll(min(now, 10))
		if now >= 10 && r.began.IsZero() {
			r.begin(at(10))
		}
		endAll(now)
	}
	for _, l := range lines {
		until(l.dialed)
		c := l.connection(t)
		played[c] = l.end
		r.dial(c)
	}
	until(70)
	return r, r.outcomes(at(70))
}

func ws(url string, dialed, end float64) line {
	return line{WebSocket, "page", "app.js:1:1", url, dialed, dialed + 0.1, dialed + 0.2, end, false}
}

func from(l line, context, site string) line {
	l.context, l.site = context, site
	return l
}

func poll(url string, dialed, end float64) line {
	return line{Polling, "page", "poll.js:1:1", url, dialed, dialed + 0.1, dialed + 0.2, end, false}
}

// post is a request that sends something.
func post(url string, dialed, end float64) line {
	l := poll(url, dialed, end)
	l.sends = true
	return l
}

func TestRowsAreClients(t *testing.T) {
	for name, c := range map[string]struct {
		lines []line
		names []string
		dials []int
	}{
		"one address": {[]line{ws("ws://a/t", 1, 11), ws("ws://a/t", 12, 0)}, []string{"ws://a/t"}, []int{1}},
		"random paths": {[]line{ws("ws://a/t/x1", 1, 11), ws("ws://a/t/x2", 12, 13), ws("ws://a/t/x3", 14, 0)},
			[]string{"ws://a/t/x1"}, []int{2}},
		"two rooms, one place in the code": {[]line{ws("ws://a/t?room=a", 1, 11), ws("ws://a/t?room=b", 1, 11), ws("ws://a/t?room=b", 12, 0)},
			[]string{"ws://a/t?room=a", "ws://a/t?room=b"}, []int{0, 1}},
		"two rooms with tokens": {[]line{ws("ws://a/t?room=a&k=1", 1, 11), ws("ws://a/t?room=b&k=2", 1, 11), ws("ws://a/t?room=b&k=3", 12, 0), ws("ws://a/t?room=a&k=4", 13, 0)},
			[]string{"ws://a/t?room=a&k=1", "ws://a/t?room=b&k=2"}, []int{1, 1}},
		"two with the same address": {[]line{ws("ws://a/t", 1, 11), ws("ws://a/t", 2, 11), ws("ws://a/t", 12, 0), ws("ws://a/t", 12.1, 0)},
			[]string{"ws://a/t #1", "ws://a/t #2"}, []int{1, 1}},
		"a second connection beside the first": {[]line{ws("ws://a/t", 1, 0), ws("ws://a/t?after=9", 12, 0)}, []string{"ws://a/t"}, []int{1}},
		"a redial before the trial":            {[]line{ws("ws://a/t", 1, 3), ws("ws://a/t", 4, 0)}, []string{"ws://a/t"}, []int{0}},
		"two hosts":                            {[]line{from(ws("ws://a/t", 1, 11), "page", "x"), from(ws("ws://b:81/t", 1, 11), "page", "y"), from(ws("ws://b:81/t", 12, 0), "page", "y")}, []string{"ws://a/t", "ws://b:81/t"}, []int{0, 1}},
		"another host after the loss":          {[]line{ws("ws://a/t", 1, 11), ws("ws://b/t", 12, 0)}, []string{"ws://a/t"}, []int{1}},
		"two contexts": {[]line{ws("ws://a/t", 1, 11), from(ws("ws://a/t", 1, 11), "worker w.js", "app.js:1:1"), from(ws("ws://a/t", 12, 0), "worker w.js", "app.js:1:1")},
			[]string{"ws://a/t", "ws://a/t"}, []int{0, 1}},
		// Ends that the browser tells after the dial that follows them.
		"ends told late":           {[]line{ws("ws://a/t", 1, 3.1), ws("ws://a/t", 3, 5.1), ws("ws://a/t", 5, 11), ws("ws://a/t", 12, 0)}, []string{"ws://a/t"}, []int{1}},
		"an end that is too late":  {[]line{ws("ws://a/t", 1, 3.3), ws("ws://a/t", 3, 0)}, []string{"ws://a/t #1", "ws://a/t #2"}, []int{0, 0}},
		"ends of two, told late":   {[]line{ws("ws://a/t", 1, 3.1), ws("ws://a/t", 1.5, 4.1), ws("ws://a/t", 3, 0), ws("ws://a/t", 4, 0)}, []string{"ws://a/t #1", "ws://a/t #2"}, []int{0, 0}},
		"the nearer of two dials":  {[]line{ws("ws://a/t?room=b", 1, 3.1), ws("ws://a/t?room=a", 3, 0), ws("ws://a/t?room=b", 3.05, 0)}, []string{"ws://a/t?room=b", "ws://a/t?room=a"}, []int{0, 0}},
		"another's dial at an end": {[]line{ws("ws://a/t", 1, 3.1), from(ws("ws://b/u", 3, 0), "page", "z")}, []string{"ws://a/t", "ws://b/u"}, []int{0, 0}},
		"a new client":             {[]line{ws("ws://a/t", 1, 11), from(ws("ws://a/other", 12, 0), "page", "z")}, []string{"ws://a/t", "ws://a/other"}, []int{0, 1}},
		"no place, same address":   {[]line{from(ws("ws://a/t", 1, 11), "page", ""), from(ws("ws://a/t?x", 12, 0), "page", "")}, []string{"ws://a/t"}, []int{1}},
		"no place, other path":     {[]line{from(ws("ws://a/t", 1, 11), "page", ""), from(ws("ws://a/u", 12, 0), "page", "")}, []string{"ws://a/t", "ws://a/u"}, []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, outcomes := play(t, c.lines...)
			var names []string
			var dials []int
			for _, o := range outcomes {
				names, dials = append(names, o.Name), append(dials, o.Dials)
			}
			if !slices.Equal(names, c.names) || !slices.Equal(dials, c.dials) {
				t.Errorf("rows %q with %v dials; want %q with %v", names, dials, c.names, c.dials)
			}
		})
	}
}

func TestPolling(t *testing.T) {
	for name, c := range map[string]struct {
		lines []line
		rows  int
		dial  time.Duration
	}{
		"at intervals":   {[]line{poll("http://a/p", 5, 5.1), poll("http://a/p", 7, 7.1), poll("http://a/p", 9, 9.1), poll("http://a/p", 11, 11.1)}, 1, time.Second},
		"once":           {[]line{poll("http://a/p", 9, 9.1)}, 0, 0},
		"over":           {[]line{poll("http://a/p", 1, 1.1), poll("http://a/p", 2, 2.1)}, 0, 0},
		"an open answer": {[]line{poll("http://a/p", 8, 0), poll("http://a/p", 13, 0)}, 1, 3 * time.Second},
		"with messages beside it": {[]line{poll("http://a/p?t=1", 1, 1.1), poll("http://a/p?t=2", 1.2, 6), post("http://a/p?t=3", 1.3, 1.5), post("http://a/p?t=4", 5, 5.1),
			poll("http://a/p?t=5", 6, 11), post("http://a/p?t=6", 9, 9.1), post("http://a/p?t=7", 11.5, 11.6), poll("http://a/p?t=8", 13, 0)}, 1, 3 * time.Second},
		"ends told late":           {[]line{poll("http://a/p", 1, 5.05), poll("http://a/p", 5, 9.05), poll("http://a/p", 9, 12.05), poll("http://a/p", 12, 0)}, 1, 2 * time.Second},
		"messages to another host": {[]line{poll("http://a/p", 8, 0), post("http://b/p", 6, 0), poll("http://a/p", 13, 0)}, 2, 3 * time.Second},
		"messages to another path": {[]line{poll("http://a/p", 8, 0), post("http://a/q", 6, 0), poll("http://a/p", 13, 0)}, 2, 3 * time.Second},
		"a stream by POST":         {[]line{post("http://a/p", 8, 0), post("http://a/p", 13, 0)}, 1, 3 * time.Second},
		"an answer just open":      {[]line{poll("http://a/p", 8.1, 0)}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, outcomes := play(t, c.lines...)
			if len(outcomes) != c.rows {
				t.Fatalf("%d rows, want %d", len(outcomes), c.rows)
			}
			if c.rows > 0 && (outcomes[0].Dial != c.dial || outcomes[0].Kind != Polling) {
				t.Errorf("%+v; want a dial after %v", outcomes[0], c.dial)
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	const s = time.Second
	quiet := ws("ws://a/t", 1, 11)
	quiet.first = 0
	quietBack := ws("ws://a/t", 12, 0)
	quietBack.first = 0
	stays := ws("ws://a/t", 1, 0)
	stays.first = 11
	onItsWay, beside := ws("ws://a/t", 1, 0), ws("ws://a/t", 1, 0)
	onItsWay.first, beside.first = 10.1, 12.2
	hangs := line{WebSocket, "page", "app.js:1:1", "ws://a/t", 12, 0, 0, 15, false}
	request := from(poll("http://a/t/", 11, 11.5), "page", "lib.js:2:2")
	for name, c := range map[string]struct {
		lines  []line
		trial  Trial
		want   Outcome
		faults []string
	}{
		"back": {[]line{ws("ws://a/t", 1, 11), ws("ws://a/t", 12, 0)}, Trial{},
			Outcome{Dial: 2 * s, Open: 2100 * time.Millisecond, Frame: 2200 * time.Millisecond, Dials: 1, Live: 1, Returns: 1}, nil},
		"late": {[]line{ws("ws://a/t", 1, 11), ws("ws://a/t", 31, 0)}, Trial{},
			Outcome{Dial: 21 * s, Open: 21100 * time.Millisecond, Frame: 21200 * time.Millisecond, Dials: 1, Live: 1, Returns: 1}, []string{"came back later than 20s"}},
		"never": {[]line{ws("ws://a/t", 1, 11)}, Trial{}, Outcome{Dial: Never, Open: Never, Frame: Never}, []string{"did not come back"}},
		"the first redial hangs": {[]line{ws("ws://a/t", 1, 11), hangs, ws("ws://a/t", 16, 0)}, Trial{},
			Outcome{Dial: 2 * s, Open: 6100 * time.Millisecond, Frame: 6200 * time.Millisecond, Dials: 2, Live: 1, Returns: 1}, nil},
		"twice": {[]line{ws("ws://a/t", 1, 11), ws("ws://a/t", 12, 13), ws("ws://a/t", 14, 0)}, Trial{},
			Outcome{Dial: 2 * s, Open: 2100 * time.Millisecond, Frame: 2200 * time.Millisecond, Dials: 2, Live: 1, Returns: 2}, []string{"came back 2 times"}},
		"two live": {[]line{ws("ws://a/t", 1, 11), ws("ws://a/t", 12, 0), ws("ws://a/t", 14, 0)}, Trial{},
			Outcome{Dial: 2 * s, Open: 2100 * time.Millisecond, Frame: 2200 * time.Millisecond, Dials: 2, Live: 2, Returns: 2}, []string{"came back 2 times", "2 live connections"}},
		"quiet":                   {[]line{quiet, quietBack}, Trial{}, Outcome{Dial: 2 * s, Open: 2100 * time.Millisecond, Frame: Never, Dials: 1, Quiet: true}, nil},
		"stays where it may":      {[]line{stays}, Trial{Stays: MayStay}, Outcome{Dial: Never, Open: Never, Frame: Never, Live: 1, Quiet: true, Stayed: true}, nil},
		"stays where it must not": {[]line{stays}, Trial{}, Outcome{Dial: Never, Open: Never, Frame: Never, Live: 1, Quiet: true, Stayed: true}, []string{"did not come back"}},
		"the last frames were on their way": {[]line{onItsWay, ws("ws://a/t", 12, 0)}, Trial{Stays: MayStay},
			Outcome{Dial: 2 * s, Open: 2100 * time.Millisecond, Frame: 2200 * time.Millisecond, Dials: 1, Live: 1, Returns: 1, Quiet: true}, nil},
		"the old one still receives": {[]line{beside, ws("ws://a/t", 12, 0)}, Trial{Stays: MayStay},
			Outcome{Dial: 2 * s, Open: 2100 * time.Millisecond, Frame: 2200 * time.Millisecond, Dials: 1, Live: 2, Returns: 1, Quiet: true, Stayed: true}, []string{"2 live connections"}},
		"needless": {[]line{ws("ws://a/t", 1, 11), ws("ws://a/t", 40, 0)}, Trial{Stays: MustStay},
			Outcome{Dial: 30 * s, Open: 30100 * time.Millisecond, Frame: 30200 * time.Millisecond, Dials: 1, Live: 1, Returns: 1}, nil},
		"ended before": {[]line{ws("ws://a/t", 1, 9)}, Trial{}, Outcome{Dial: Never, Open: Never, Frame: Never, Skipped: "its connection had ended before the trial"}, nil},
		"a request beside it": {[]line{ws("ws://a/t", 1, 10.5), request, ws("ws://a/t", 12, 0)}, Trial{},
			Outcome{Dial: s, Open: 2100 * time.Millisecond, Frame: 2200 * time.Millisecond, Dials: 1, Live: 1, Returns: 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, outcomes := play(t, c.lines...)
			c.want.Kind, c.want.Context, c.want.Name, c.want.URL, c.want.Watched = WebSocket, "page", "ws://a/t", "ws://a/t", 60*s
			if outcomes[0] != c.want {
				t.Errorf("got  %+v\nwant %+v", outcomes[0], c.want)
			}
			if got := outcomes[0].Faults(c.trial, 20*s); !slices.Equal(got, c.faults) {
				t.Errorf("faults %q, want %q", got, c.faults)
			}
			if all := c.want.Skipped == "" && c.want.Back() != Never; r.allBack() != all {
				t.Errorf("all back is %v, want %v", r.allBack(), all)
			}
		})
	}
}

func TestClientsThatDoNotRedialWhileRedialsHang(t *testing.T) {
	for _, c := range []struct {
		redial  []line
		skipped bool
	}{{nil, false}, {[]line{ws("ws://a/t", 30, 0)}, true}} {
		r, _ := play(t, append([]line{ws("ws://a/t", 1, 11)}, c.redial...)...)
		r.rows[0].late = true
		if o := r.outcomes(at(70))[0]; (o.Skipped != "") != c.skipped {
			t.Errorf("with %d redials: skipped %q", len(c.redial), o.Skipped)
		}
	}
}

func TestAccompanies(t *testing.T) {
	for _, c := range []struct {
		request, connection string
		want                bool
	}{
		{"http://a/socket.io/?t=1", "ws://a/socket.io/", true},
		{"https://a/hub/negotiate", "wss://a/hub", true},
		{"http://a/socket/longpoll", "ws://a/socket/websocket", true},
		{"http://a/users", "ws://a/feed", false},
		{"http://b/socket.io/", "ws://a/socket.io/", false},
		{"http://a/x/users", "ws://a/x/feed", false},
	} {
		request, connection := poll(c.request, 1, 0).connection(t), ws(c.connection, 1, 0).connection(t)
		if got := accompanies(request, connection); got != c.want {
			t.Errorf("%s beside %s: %v", c.request, c.connection, got)
		}
		request.context = "worker w.js"
		if accompanies(request, connection) {
			t.Errorf("%s of another context", c.request)
		}
	}
}

func TestReady(t *testing.T) {
	quiet, opening, ended := ws("ws://a/t", 1, 0), ws("ws://a/t", 1, 0), ws("ws://a/t", 1, 2)
	quiet.first, opening.first, opening.opened = 0, 0, 0
	for name, c := range map[string]struct {
		lines []line
		now   float64
		want  bool
	}{
		"nothing":            {nil, 5, false},
		"received":           {[]line{ws("ws://a/t", 1, 0)}, 2, true},
		"not yet":            {[]line{quiet}, 2, false},
		"quiet":              {[]line{quiet}, 4, true},
		"not open":           {[]line{opening}, 9, false},
		"ended":              {[]line{ended}, 9, false},
		"one well, one dead": {[]line{ws("ws://a/t", 1, 0), from(ended, "worker", "x")}, 9, true},
		"polling":            {[]line{poll("http://a/p", 1, 1.1), poll("http://a/p", 2, 2.1)}, 3, true},
		"polled":             {[]line{poll("http://a/p", 1, 1.1), poll("http://a/p", 2, 2.1)}, 6, false},
	} {
		r := &record{}
		for _, l := range c.lines {
			k := l.connection(t)
			if l.end > 0 {
				k.ended = at(l.end)
			}
			r.dial(k)
		}
		if got := r.ready(at(c.now)); got != c.want {
			t.Errorf("%s: ready is %v", name, got)
		}
	}
}

func TestRequestsForFilesAreNoClients(t *testing.T) {
	for mediaType, want := range map[string]bool{
		"application/wasm": true, "text/javascript": true, "text/javascript; charset=utf-8": true, "text/css": true, "image/png": true, "font/woff2": true,
		"application/json": false, "text/event-stream": false, "text/plain": false, "text/html; charset=utf-8": false, "application/octet-stream": false, "": false,
	} {
		if got := isFile(mediaType); got != want {
			t.Errorf("%q: %v", mediaType, got)
		}
	}
	o := &observer{open: map[string]*connection{}, contexts: map[string]string{"": "page"}}
	request := func(id, url string) {
		handlers["Network.requestWillBeSent"](o, "", json.RawMessage(`{"requestId":"`+id+`","type":"Fetch","request":{"url":"`+url+`","method":"GET"}}`), at(1))
	}
	answer := func(id, mediaType string) {
		handlers["Network.responseReceived"](o, "", json.RawMessage(`{"requestId":"`+id+`","response":{"status":200,"mimeType":"`+mediaType+`"}}`), at(2))
	}
	request("1", "http://a/client.wasm?v=2") // an answer that never comes
	request("2", "http://a/engine")
	answer("2", "application/wasm")
	request("3", "http://a/poll")
	answer("3", "application/json")
	if len(o.record.rows) != 1 || o.record.rows[0].newest().url.Path != "/poll" || len(o.open) != 1 {
		t.Errorf("%d rows, %d open; want the one that polls", len(o.record.rows), len(o.open))
	}
}

func TestContextsThatAreGone(t *testing.T) {
	r := &record{}
	r.dial(ws("ws://a/login", 1, 0).connection(t))
	r.forget("", at(2))
	if len(r.rows) != 0 {
		t.Fatal("a page that was left before the trial still has a row")
	}
	r.dial(ws("ws://a/t", 3, 0).connection(t))
	r.begin(at(10))
	r.forget("another", at(11))
	if !r.rows[0].newest().open() {
		t.Fatal("a connection ended with another context")
	}
	r.forget("", at(12)) // the page reloads itself
	if len(r.rows) != 1 || r.rows[0].newest().open() {
		t.Fatal("a page that reloads in a trial loses its row, or keeps its connection")
	}
	r.dial(ws("ws://a/t", 13, 0).connection(t))
	if o := r.outcomes(at(20)); len(o) != 1 || o[0].Dial != 3*time.Second {
		t.Errorf("after the reload: %+v", o)
	}
}
