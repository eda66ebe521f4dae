package native

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// goroutines counts those of clients.
func goroutines() int {
	buf := make([]byte, 1<<20)
	n := 0
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "native.(*loop)") || strings.Contains(stack, "native.(*socket)") || strings.Contains(stack, "native.(*Client).dispatch") {
			n++
		}
	}
	return n
}

// Whichever way a client ends, nothing of it goes on, and it can be told why.
func TestNothingGoesOn(t *testing.T) {
	before := goroutines() // of parallel tests: there are none, since this one is not parallel
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		plain(conn, `{"id":"1","data":1}`, `{"id":"2","data":2}`)
	})
	panics := func(f func()) (value any) {
		defer func() { value = recover() }()
		f()
		return nil
	}
	for name, end := range map[string]func(*Client){
		"Close": func(c *Client) { _ = c.Start(t.Context()); c.Close() },
		"a context": func(c *Client) {
			ctx, cancel := context.WithCancel(t.Context())
			_ = c.Start(ctx)
			cancel()
			_ = c.Wait()
		},
		"break": func(c *Client) {
			for range c.Events(t.Context()) {
				break
			}
		},
		"a panic in the loop": func(c *Client) {
			if panics(func() {
				for range c.Events(t.Context()) {
					panic("loop")
				}
			}) != "loop" {
				t.Error("the panic is lost")
			}
			<-c.Done()
		},
		"a panic in a callback": func(c *Client) {
			c.options.OnEvent = func(*Client, Event) { panic("callback") }
			if panics(func() { _ = c.Run(t.Context()) }) != "callback" {
				t.Error("the panic is lost")
			}
			<-c.Done()
			if c.Cursor() != "" {
				t.Errorf("the event of the panic counts as finished: %q", c.Cursor())
			}
		},
		"a dial that hangs": func(c *Client) {
			c.options.Resolve = func(ctx context.Context, _ bool) (string, error) {
				<-ctx.Done()
				return "", ctx.Err()
			}
			_ = c.Start(t.Context())
			c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(Options{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			within(t, "the end", func() { end(c) })
			eventually(t, "the end of its goroutines", func() bool { return goroutines() <= before })
		})
	}
}
