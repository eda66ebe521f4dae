package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/internal/figures"
)

// The article's protocol, as any server speaks it: one JSON event a message,
// ping and pong, ?after= on return.
func TestPlainServer(t *testing.T) {
	t.Parallel()
	tb := clientTab(t)
	queries := make(chan string, 10)
	url := plainServer(t, func(p *peer) {
		queries <- p.request.URL.Query().Get("after") + " " + p.request.URL.Query().Get("token")
		switch p.n {
		case 0:
			p.say(`{"id":"a&1","n":1}`)
			p.say(`{"id":"b=é","n":2}`)
			if msg := <-p.received; msg != `{"hello":1}` {
				t.Errorf("the server received %q", msg)
			}
		case 1:
			p.say(`{"id":"b=é","n":2}`) // a server that repeats the last one
			p.say(`{"id":"c","n":3}`)
			p.gone()
		}
	})
	tb.run(`open(%s, { firstRetryWindow: 0 })`, url+"?token=x%2By")
	tb.delivers("a&1#1", "b=é#2")
	tb.settled("live", soon)
	if !eval[bool](tb, `feed.send({ hello: 1 })`) {
		t.Error("send() said that it is not live")
	}
	tb.delivers("a&1#1", "b=é#2", "c#3")
	tb.settled("live", soon)
	for _, want := range []string{" x+y", "b=é x+y"} {
		if got := <-queries; got != want {
			t.Errorf("dialed with after and token %q; want %q", got, want)
		}
	}
}

func TestCloseCodes(t *testing.T) {
	t.Parallel()
	t.Run("4403 is the end", func(t *testing.T) {
		t.Parallel()
		tb := clientTab(t)
		tb.run(`open(%s)`, plainServer(t, func(p *peer) { p.Close(4403, "not for you") }))
		failed := tb.awaitState(0, soon, "failed")
		tb.badge("failed", soon)
		if failed.Cause == "" {
			t.Error("failed without a cause")
		}
		tb.run(`feed.close()`)
	})
	t.Run("4401 asks for one fresh url, the second is the end", func(t *testing.T) {
		t.Parallel()
		tb := clientTab(t)
		url := plainServer(t, func(p *peer) { p.Close(4401, "expired") })
		tb.run(`import("/dist/shim.js").then(({ connect }) => watch(connect(({ fresh }) => { say("note", { text: "fresh " + fresh }); return %s })))`, url)
		tb.awaitState(0, soon, "failed")
		var asked []string
		for _, r := range tb.seen() {
			if r.Kind == "note" {
				asked = append(asked, r.Text)
			}
		}
		if fmt.Sprint(asked) != "[fresh false fresh true]" {
			t.Errorf("the url was asked for %q", asked)
		}
	})
	t.Run("1013 with advice is obeyed", func(t *testing.T) {
		t.Parallel()
		tb := clientTab(t)
		came := make(chan time.Time, 2)
		tb.run(`open(%s)`, plainServer(t, func(p *peer) {
			came <- time.Now()
			if p.n == 0 {
				p.Close(websocket.StatusTryAgainLater, "retry=1500 full")
				return
			}
			p.say(`{"id":"1","n":1}`)
			p.gone()
		}))
		tb.delivers("1#1")
		first, second := <-came, <-came
		if waited := second.Sub(first); waited < 1500*time.Millisecond || waited > 4500*time.Millisecond {
			t.Errorf("came back after %v; the advice was 1.5 s", waited)
		}
	})
}

func TestConnectTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idle, nil)
	w.run(`globalThis.second = connect(%s); second.subscribe(e => say("note", { text: "second " + e.data.n })); second.ready.then(() => say("note", { text: "second ready" }))`, w.url)
	w.await(0, soon, "the second feed", func(r record) bool { return r.Text == "second ready" })
	n := w.publish()
	w.awaitEvent(n, soon)
	w.await(0, soon, "the event in the second feed", func(r record) bool { return r.Text == fmt.Sprint("second ", n) })
	w.run(`second.close()`)
	w.healed(soon)
}

// A server that accepts only to close is not dialed in a loop.
func TestAcceptThenClose(t *testing.T) {
	t.Parallel()
	tb := clientTab(t)
	came := make(chan int, 1000)
	tb.run(`open(%s)`, plainServer(t, func(p *peer) { came <- p.n }))
	<-time.After(6 * time.Second)
	// Backoff doubles from 1 s with full jitter: 3 to 6 are usual.
	n := len(came)
	if n < 2 || n > 12 {
		t.Errorf("%d dials in 6 s", n)
	}
	report(result{Group: figures.Server, Scenario: "for 6 s it accepts only to close", Sockets: n})
	tb.run(`feed.close()`)
}
