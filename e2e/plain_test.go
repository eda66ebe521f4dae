package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// peer is the server's end of one connection to a plain server: no feed of ours,
// only what the article's protocol asks for, and whatever a test makes it say.
type peer struct {
	*websocket.Conn
	t        testing.TB
	n        int // how many came before it
	request  *http.Request
	received chan string // what the client sent, pings aside
}

// say sends a text frame.
func (p *peer) say(text string) {
	// A client that is gone by then is the test's to notice in the page.
	_ = p.Write(context.Background(), websocket.MessageText, []byte(text))
}

// gone waits until the connection has ended.
func (p *peer) gone() {
	for range p.received {
	}
}

// plainServer runs talk for every connection; the connection is closed when talk
// returns. Pings are answered.
func plainServer(t testing.TB, talk func(*peer)) (url string) {
	t.Helper()
	var mu sync.Mutex
	var talking sync.WaitGroup
	var peers []*peer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		mu.Lock()
		p := &peer{Conn: conn, t: t, n: len(peers), request: r, received: make(chan string, 100)}
		peers = append(peers, p)
		talking.Add(1)
		mu.Unlock()
		defer talking.Done()
		go func() {
			defer close(p.received)
			for {
				_, data, err := conn.Read(context.Background())
				switch {
				case err != nil:
					return
				case string(data) == "ping":
					p.say("pong")
				default:
					p.received <- string(data)
				}
			}
		}()
		talk(p)
		conn.Close(websocket.StatusNormalClosure, "")
		p.gone()
	}))
	t.Cleanup(func() {
		mu.Lock()
		for _, p := range peers {
			p.CloseNow()
		}
		mu.Unlock()
		server.Close()
		talking.Wait()
	})
	return "ws" + strings.TrimPrefix(server.URL, "http") + "/"
}

// sayAll is a conversation: these frames, and then silence. They are said again to
// a client that comes back without the last of them: on a busy machine it may give
// up a dial that the server has accepted already.
func sayAll(frames ...string) func(*peer) {
	return func(p *peer) {
		after := p.request.URL.Query().Get("after")
		if len(frames) > 0 && (after == "" || !strings.Contains(frames[len(frames)-1], `"id":"`+after+`"`)) {
			for _, frame := range frames {
				p.say(frame)
			}
		}
		p.gone()
	}
}
