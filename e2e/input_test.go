package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// clientTab is a page with the client's code that talks to nobody yet.
func clientTab(t testing.TB) *tab {
	t.Helper()
	requireDist(t)
	return openTab(t, servePage(t).URL+"/page.html")
}

// delivers waits until the page has had as many events, and asserts that they
// are these, told by their ids and numbers.
func (tb *tab) delivers(want ...string) {
	tb.Helper()
	left := len(want)
	tb.await(0, 15*time.Second, fmt.Sprintf("the last of %d events", len(want)), func(r record) bool {
		if r.Kind == "event" {
			left--
		}
		return left == 0
	})
	if got := tb.events(); strings.Join(got, " ") != strings.Join(want, " ") {
		tb.Errorf("delivered %q; want %q", got, want)
	}
}

func (tb *tab) events() (all []string) {
	for _, r := range tb.seen() {
		if r.Kind == "event" {
			all = append(all, fmt.Sprintf("%s#%d", r.ID, r.N))
		}
	}
	return all
}

func (tb *tab) errs() (codes []string) {
	for _, r := range tb.seen() {
		if r.Kind == "error" {
			codes = append(codes, fmt.Sprint(r.Code))
		}
	}
	return codes
}

// What a server may send. The last event of each proves that nothing hung and
// that what came before did no harm.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	const last = `{"id":"last","n":99}`
	tests := []struct {
		name   string
		frames []string
		events []string // id#n
		errors []string // codes
	}{
		{"malformed JSON", []string{`{"id":"1","n":1}`, `{not json`, ``, last}, []string{"1#1", "last#99"}, []string{"frame-malformed", "frame-malformed"}},
		{"JSON that is no event", []string{`5`, `null`, `"text"`, `[]`, `true`, `[1,null,{"id":"1","n":1}]`, last}, []string{"1#1", "last#99"},
			[]string{"frame-not-an-event", "frame-not-an-event", "frame-not-an-event", "frame-not-an-event", "frame-not-an-event", "frame-not-an-event"}},
		{"events without id", []string{`{"n":1}`, `{"n":1}`, `{"id":null,"n":2}`, last}, []string{"undefined#1", "undefined#1", "null#2", "last#99"}, nil},
		{"ids that are no text", []string{`{"id":{"a":1},"n":1}`, `{"id":true,"n":2}`, `{"id":[3],"n":3}`, last},
			[]string{"[object Object]#1", "true#2", "3#3", "last#99"}, []string{"id-invalid", "id-invalid", "id-invalid"}},
		{"an id of two lines", []string{`{"id":"a\nb","n":1}`, `{"id":"c","n":2}`, last}, []string{"a\nb#1", "c#2", "last#99"}, []string{"id-invalid"}},
		{"numeric ids", []string{`{"id":1,"n":1}`, `{"id":2,"n":2}`, `{"id":2,"n":2}`, last}, []string{"1#1", "2#2", "last#99"}, nil},
		{"numeric ids beyond 2^53", []string{`{"id":9007199254740993,"n":1}`, `{"id":9007199254740992,"n":2}`, `{"id":9007199254740993,"n":1}`, last},
			[]string{"9007199254740993#1", "9007199254740992#2", "last#99"}, nil},
		{"repeated ids", []string{`{"id":"1","n":1}`, `{"id":"1","n":1}`, `{"id":"2","n":2}`, `{"id":"1","n":1}`, last}, []string{"1#1", "2#2", "last#99"}, nil},
		{"control frames that nobody asked for", []string{`{"wakesocket":"hello"}`, `{"wakesocket":"what"}`, `{"wakesocket":"position"}`, `{"wakesocket":7,"id":"1","n":1}`, last},
			[]string{"1#1", "last#99"}, nil},
		{"a 10 MB frame", []string{`{"id":"1","n":1,"data":"` + strings.Repeat("x", 10<<20) + `"}`, last}, []string{"1#1", "last#99"}, nil},
		{"a 10 MB frame of garbage", []string{strings.Repeat("x", 10<<20), last}, []string{"last#99"}, []string{"frame-malformed"}},
		{"10,000 events in one frame", []string{batch(10_000), last}, append(ids(10_000), "last#99"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tb := clientTab(t)
			tb.run(`open(%s)`, plainServer(t, sayAll(tt.frames...)))
			tb.delivers(tt.events...)
			if got := tb.errs(); strings.Join(got, " ") != strings.Join(tt.errors, " ") {
				t.Errorf("errors reported: %q; want %q", got, tt.errors)
			}
			tb.settled("live", soon)
		})
	}
}

func batch(n int) string {
	var events []string
	for i := range n {
		events = append(events, fmt.Sprintf(`{"id":"%d","n":%d}`, i, i))
	}
	return "[" + strings.Join(events, ",") + "]"
}

func ids(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%d#%d", i, i))
	}
	return all
}

func TestBinaryFrame(t *testing.T) {
	t.Parallel()
	tb := clientTab(t)
	tb.run(`open(%s)`, plainServer(t, func(p *peer) {
		p.say(`{"id":"1","n":1}`)
		p.Write(context.Background(), websocket.MessageBinary, []byte{0, 1, 2, 255})
		p.say(`{"id":"2","n":2}`)
		p.gone()
	}))
	tb.delivers("1#1", "2#2")
	if got := tb.errs(); len(got) != 1 || got[0] != "frame-binary" {
		t.Errorf("errors reported: %q; want frame-binary", got)
	}
}

func TestCallbackThatThrows(t *testing.T) {
	t.Parallel()
	tb := clientTab(t)
	url := plainServer(t, sayAll(`[{"id":"1","n":1},{"id":"2","n":2}]`, `{"id":"3","n":3}`))
	tb.run(`import("/dist/shim.js").then(({ connect }) => {
		const feed = connect(%s, { onState() { throw new Error("onState") } });
		feed.subscribe(() => { throw new Error("subscriber") });
		watch(feed);
	})`, url)
	tb.delivers("1#1", "2#2", "3#3")
	for _, text := range []string{"onState", "subscriber"} {
		tb.await(0, soon, "the error of "+text, func(r record) bool { return r.Kind == "uncaught" && strings.Contains(r.Text, text) })
	}
	tb.settled("live", soon)
}

func TestURLFunction(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, function string }{
		{"rejects twice", `({ attempt }) => attempt < 2 ? Promise.reject(new Error("no token")) : URL`},
		{"throws twice", `({ attempt }) => { if (attempt < 2) throw new Error("no token"); return URL; }`},
		{"gives no address twice", `({ attempt }) => attempt < 2 ? 42 : URL`},
		{"gives nonsense twice", `({ attempt }) => attempt < 2 ? "ftp://nowhere" : URL`},
		{"never settles at first", `({ attempt }) => attempt < 1 ? new Promise(() => {}) : URL`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tb := clientTab(t)
			url := plainServer(t, sayAll(`{"id":"1","n":1}`))
			tb.run(`import("/dist/shim.js").then(({ connect }) => { const URL = %s;
				watch(connect(`+tt.function+`, { minReconnectDelay: 50, maxReconnectDelay: 50, connectTimeout: 500 })) })`, url)
			tb.delivers("1#1")
			tb.settled("live", soon)
			if got := tb.errs(); !strings.Contains(tt.name, "never") && (len(got) != 2 || got[0] != "url-failed") {
				t.Errorf("errors reported: %q; want url-failed twice", got)
			}
		})
	}
}

func TestWrongTypes(t *testing.T) {
	t.Parallel()
	tb := clientTab(t)
	tests := []struct{ call, says string }{
		{`connect()`, "url"},
		{`connect(42)`, "url"},
		{`connect(null)`, "url"},
		{`connect({})`, "url"},
		{`connect("ftp://example.test/")`, "ws"},
		{`connect("http://[")`, "URL"},
		{`connect("/feed", 5)`, "options"},
		{`connect("/feed", null)`, "options"},
		{`connect("/feed", [])`, "options"},
		{`connect("/feed", { topics: "cpu" })`, "topics"},
		{`connect("/feed", { topics: [1] })`, "topics"},
		{`connect("/feed", { after: 7 })`, "after"},
		{`connect("/feed", { persist: true })`, "persist"},
		{`connect("/feed", { client: {} })`, "client"},
		{`connect("/feed", { onState: "x" })`, "onState"},
		{`connect("/feed", { onGap: 1 })`, "onGap"},
		{`connect("/feed", { onError: {} })`, "onError"},
		{`connect("/feed", { wasmURL: 1 })`, "wasmURL"},
		{`connect("/feed", { heartbeat: "25s" })`, "heartbeat"},
		{`connect("/feed", { heartbeatTimeout: NaN })`, "heartbeatTimeout"},
		{`connect("/feed", { minReconnectDelay: -1 })`, "minReconnectDelay"},
		{`connect("/feed", { maxReconnectDelay: Infinity })`, "maxReconnectDelay"},
		{`connect("/feed", { hartbeat: 1000 })`, "hartbeat"},
		{`feed.subscribe()`, "subscribe"},
		{`feed.subscribe("cpu")`, "subscribe"},
		{`feed.subscribe(1, () => {})`, "subscribe"},
		{`feed.setTopics("cpu")`, "topics"},
	}
	tb.run(`import("/dist/shim.js").then(m => { globalThis.connect = m.connect; globalThis.feed = connect("/feed"); feed.ready.catch(() => {}); feed.close(); })`)
	for _, tt := range tests {
		got := eval[string](tb, `(() => { try { `+tt.call+`; return "nothing thrown" } catch (e) { return (e instanceof TypeError) + ": " + e.message } })()`)
		if !strings.HasPrefix(got, "true: ") || !strings.Contains(got, tt.says) {
			t.Errorf("%s: %s; want a TypeError about %q", tt.call, got, tt.says)
		}
	}
}
