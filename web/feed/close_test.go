package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/web/store"
)

// Close may come while everything else is under way. Nothing hangs, nothing races
// (go test -race), and nobody is left.
func TestCloseDuringEverything(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		s := serve(t, Options{
			Ring: 8, AcceptRate: -1,
			Authorize: func(*http.Request) (*Grant, error) {
				return &Grant{User: "u", Expires: time.Now().Add(time.Hour)}, nil
			},
			Topics:    func(*http.Request) func(string) bool { return func(string) bool { return true } },
			OnMessage: func(Client, []byte) {},
		}).ready()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		first, err := s.Publish(ctx, "cpu", []byte("0"))
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan struct{})
		var begun, working sync.WaitGroup
		again := func(name string, do func() error) {
			begun.Add(1)
			working.Go(func() {
				for n := 0; ; n++ {
					err := do()
					if n == 3 {
						begun.Done() // it is under way
					}
					select {
					case <-closed:
						if n < 3 {
							begun.Done()
						}
						return
					default:
					}
					if err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, store.ErrNotStored) {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
		again("Publish", func() error { _, err := s.Publish(ctx, "cpu", []byte("1")); return err })
		again("Disconnect", func() error { return s.Disconnect(ctx, Target{User: "nobody"}) })
		again("SetFresh", func() error { return s.SetFresh(map[string]time.Duration{"cpu": time.Second}) })
		again("Report", func() error { s.report(ctx, nil); return nil })
		again("Receive", func() error { answer(s.Receive("")); answer(s.Ready()); answer(s.Alive()); return nil })
		for n := range 4 {
			again("client", func() error {
				conn, _, err := websocket.Dial(ctx, fmt.Sprintf("%s/?wakesocket=1&client=c%d&after=%s", s.url, n, first), nil)
				if err != nil {
					return nil // it is closed
				}
				defer conn.CloseNow()
				_ = conn.Write(ctx, websocket.MessageText, []byte(`{"a":1}`))
				_, _, _ = conn.Read(ctx)
				return nil
			})
		}
		begun.Wait()
		go s.Drain(ctx, time.Hour)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		close(closed)
		working.Wait()
		if _, err := s.Publish(ctx, "cpu", []byte("1")); !errors.Is(err, ErrClosed) {
			t.Errorf("Publish after Close: %v", err)
		}
		if n := s.Connected(); n != 0 {
			t.Errorf("%d clients after Close", n)
		}
		if err := s.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
	}
}
