package native

import (
	"context"
	"net/http"
	"testing"

	"github.com/coder/websocket"
)

// Every method may be called in every callback.
func TestMethodsInCallbacks(t *testing.T) {
	methods := map[string]func(*Client){
		"Close":          (*Client).Close,
		"Reconnect":      (*Client).Reconnect,
		"NetworkChanged": (*Client).NetworkChanged,
		"Send":           func(c *Client) { _ = c.Send(context.Background(), "x") },
		"SetTopics":      func(c *Client) { c.SetTopics("n") },
		"requests": func(c *Client) {
			ctx := context.Background()
			if _, err := c.AddTopics(ctx, []string{"n"}, AddOptions{}); err != nil && err != ErrClosed {
				t.Errorf("AddTopics in a callback: %v", err)
			}
			if _, err := c.History(ctx, HistoryQuestion{Topic: "n"}); err != ErrUnsupported && err != ErrClosed {
				t.Errorf("History in a callback: %v", err)
			}
		},
		"Wait": func(c *Client) {
			if err := c.Wait(); err != ErrWaitInCallback {
				t.Errorf("Wait in a callback: %v", err)
			}
		},
		"the rest": func(c *Client) {
			c.State()
			c.Cursor()
			c.Lag()
			c.RTT()
			c.LastEventAt()
			c.Topics()
			c.Freshness("n")
			_ = c.Err()
			c.Done()
			if err := c.Start(context.Background()); err != ErrRunning && err != ErrClosed {
				t.Errorf("Start in a callback: %v", err)
			}
		},
	}
	for name, method := range methods {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
				conn.Write(context.Background(), websocket.MessageText, []byte(`{"wakesocket":"hello","at":"e-0","live":true,"gap":{"after":"a","earliest":"b","reason":"trimmed"}}`))
				conn.Write(context.Background(), websocket.MessageText, []byte(`{"id":`))
				flood(nil, conn)
			})
			kinds := make(chan string, 10_000)
			called := func(kind string) func(*Client) {
				return func(c *Client) {
					method(c)
					select {
					case kinds <- kind:
					default:
					}
				}
			}
			onEvent, onState, onGap, onError, onCommit := called("event"), called("state"), called("gap"), called("error"), called("commit")
			c, err := Connect(t.Context(), Options{
				URL:      url,
				OnEvent:  func(c *Client, _ Event) { onEvent(c) },
				OnState:  func(c *Client, _ State) { onState(c) },
				OnGap:    func(c *Client, _ Gap) { onGap(c) },
				OnError:  func(c *Client, _ error) { onError(c) },
				OnCommit: func(c *Client, _ string) error { onCommit(c); return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			within(t, name+" in callbacks", func() {
				for want := 5; len(seen) < want; {
					if name == "Close" {
						want = 1 // it ends with the first
					}
					seen[<-kinds] = true
				}
			})
			within(t, "Close", c.Close)
			within(t, "a second Close", c.Close)
		})
	}
}
