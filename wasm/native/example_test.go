package native_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/wakesocket/wakesocket/wasm/native"
	"github.com/wakesocket/wakesocket/web/feed"
)

// serve starts a feed with events 1 to n in its log, and returns its address.
func serve(n int, options feed.Options) (url string, stop func()) {
	options.Logger = slog.New(slog.DiscardHandler)
	f, err := feed.New(options)
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(f)
	for i := range n {
		if _, err := f.Publish(context.Background(), "price", fmt.Appendf(nil, "%d", i+1)); err != nil {
			log.Fatal(err)
		}
	}
	return server.URL, func() { f.Close(); server.Close() }
}

// first publishes one event and returns its id, from which the examples resume.
func first(url string) string {
	c, err := native.New(native.Options{URL: url, After: "0"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	for e, err := range c.Events(context.Background()) {
		if err == nil {
			return e.ID
		}
	}
	return ""
}

// Events in a loop. The loop ends with the context, or with an error that a retry
// cannot cure.
func ExampleClient_Events() {
	url, stop := serve(3, feed.Options{})
	defer stop()
	client, err := native.New(native.Options{URL: url, After: first(url)})
	if err != nil {
		log.Fatal(err)
	}
	for event, err := range client.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Topic, string(event.Data))
		if string(event.Data) == "3" {
			break // ends the connection
		}
	}
	// Output:
	// price 2
	// price 3
}

// Callbacks in the goroutine of Run. They get the client and may call every method.
func ExampleClient_Run() {
	url, stop := serve(0, feed.Options{OnMessage: func(_ feed.Client, data []byte) {}})
	defer stop()
	client, err := native.New(native.Options{
		URL: url,
		OnState: func(c *native.Client, s native.State) {
			if s.Live() {
				fmt.Println("sent:", c.Send(context.Background(), "hello"))
				c.Close()
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Run(context.Background()))
	// Output:
	// sent: <nil>
	// native: the client was closed
}

// The cursor in a file: after a crash, at most 100 events come again, and none is
// lost.
func ExampleOptions_onCommit() {
	url, stop := serve(5, feed.Options{})
	defer stop()
	file := filepath.Join(os.TempDir(), fmt.Sprintf("cursor-%d", os.Getpid()))
	defer os.Remove(file)
	if err := os.WriteFile(file, []byte(first(url)), 0o600); err != nil {
		log.Fatal(err)
	}

	follow := func(until string) {
		cursor, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			log.Fatal(err)
		}
		client, err := native.New(native.Options{
			URL:   url,
			After: string(cursor),
			OnEvent: func(c *native.Client, e native.Event) {
				fmt.Println(string(e.Data))
				if string(e.Data) == until {
					c.Close()
				}
			},
			OnCommit: func(_ *native.Client, cursor string) error {
				if err := os.WriteFile(file+".new", []byte(cursor), 0o600); err != nil {
					return err
				}
				return os.Rename(file+".new", file) // never half a cursor
			},
		})
		if err != nil {
			log.Fatal(err)
		}
		_ = client.Run(context.Background())
	}
	follow("3")
	fmt.Println("the program starts again")
	follow("5")
	// Output:
	// 2
	// 3
	// the program starts again
	// 4
	// 5
}

// The cursor in the transaction of the event's effect: each event counts exactly
// once, whenever the program dies.
func ExampleEvent_transaction() {
	var db *sql.DB // opened elsewhere
	apply := func(ctx context.Context, e native.Event) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, `insert into prices (value) values ($1)`, string(e.Data)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update cursors set position = $1 where name = 'prices'`, e.Cursor); err != nil {
			return err
		}
		return tx.Commit()
	}
	follow := func(ctx context.Context) error {
		var cursor string
		if err := db.QueryRowContext(ctx, `select position from cursors where name = 'prices'`).Scan(&cursor); err != nil {
			return err
		}
		client, err := native.New(native.Options{URL: "wss://example.org/feed", After: cursor})
		if err != nil {
			return err
		}
		for event, err := range client.Events(ctx) {
			if err != nil {
				return err
			}
			if err := apply(ctx, event); err != nil {
				return err // the loop ends, and this event comes again
			}
		}
		return nil
	}
	_ = follow
}

// Credentials in a header: they are renewed when the server refuses them.
func ExampleOptions_header() {
	token := "expired"
	url, stop := serve(0, feed.Options{Authorize: func(r *http.Request) (*feed.Grant, error) {
		if r.Header.Get("Authorization") != "Bearer new" {
			return nil, feed.ErrUnauthorized
		}
		return &feed.Grant{User: "me"}, nil
	}})
	defer stop()
	client, err := native.Connect(context.Background(), native.Options{
		URL: url,
		Header: func(ctx context.Context, fresh bool) (http.Header, error) {
			if fresh { // the server refused the last one
				token = "new"
			}
			return http.Header{"Authorization": {"Bearer " + token}}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.Ready(context.Background()), client.State().Name)
	// Output: <nil> live
}

// Why there is no connection: the errors are typed, and an answer like 404 ends the
// client after some tries.
func ExampleDialError() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client, err := native.Connect(context.Background(), native.Options{
		URL:               server.URL,
		MaxRefusals:       2,
		MinReconnectDelay: 50 * time.Millisecond,
		OnError: func(_ *native.Client, err error) {
			var dial *native.DialError
			if errors.As(err, &dial) {
				fmt.Println("try", dial.Attempt+1, "status", dial.Status)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	err = client.Wait()
	fmt.Println(errors.Is(err, native.ErrNotFound), client.State().Name)
	// Output:
	// try 1 status 404
	// try 2 status 404
	// true failed
}

// An address that cannot work is refused at once.
func ExampleNew() {
	_, err := native.New(native.Options{URL: "localhost:8080/feed"})
	fmt.Println(err)
	// Output: native: Options.URL: "localhost:8080/feed" does not begin with ws://, wss://, http:// or https://; write it like wss://example.org/feed
}
