package feed_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/web/feed"
)

var silent = slog.New(slog.DiscardHandler)

// A feed is an http.Handler: mount it beside the pages. A browser's page opens it
// with connect("/feed").
func Example() {
	f, err := feed.New(feed.Options{})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	mux := http.NewServeMux()
	mux.Handle("GET /feed", f)
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	client, _, err := websocket.Dial(ctx, server.URL+"/feed?topic=cpu", nil)
	if err != nil {
		panic(err)
	}
	defer client.CloseNow()
	if _, err := f.Publish(ctx, "cpu", []byte(`{"load":0.7}`)); err != nil {
		panic(err)
	}
	_, event, err := client.Read(ctx)
	fmt.Println(strings.Contains(string(event), `"topic":"cpu"`), strings.Contains(string(event), `"data":{"load":0.7}`), err)
	// Output: true true <nil>
}

func ExampleFeed_Publish() {
	f, err := feed.New(feed.Options{MaxEvent: 100})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	id, err := f.Publish(ctx, "cpu", []byte(`{"load":0.7}`))
	fmt.Println(id != "", err)

	_, err = f.Publish(ctx, "cpu", []byte(`{"load":`))
	fmt.Println(errors.Is(err, feed.ErrInvalidEvent))
	_, err = f.Publish(ctx, "cpu", []byte(`"`+strings.Repeat("x", 100)+`"`))
	fmt.Println(errors.Is(err, feed.ErrTooLarge))
	_, err = f.Publish(ctx, "", []byte(`1`))
	fmt.Println(errors.Is(err, feed.ErrInvalidTopic))
	f.Close()
	_, err = f.Publish(ctx, "cpu", []byte(`1`))
	fmt.Println(errors.Is(err, feed.ErrClosed))
	// Output:
	// true <nil>
	// true
	// true
	// true
	// true
}

// http.Server.Shutdown does not know of WebSockets. So the feed is drained first:
// its clients go to other processes, one by one over the window. Then Shutdown
// waits for ordinary requests.
func ExampleFeed_Drain() {
	f, err := feed.New(feed.Options{Logger: silent})
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go server.Serve(listener)
	client, _, err := websocket.Dial(context.Background(), "ws://"+listener.Addr().String(), nil)
	if err != nil {
		panic(err)
	}
	defer client.CloseNow()
	go client.Read(context.Background()) // answers the close frame, as a page does

	// On SIGTERM:
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	fmt.Println("drain:", f.Drain(ctx, 100*time.Millisecond))
	fmt.Println("shutdown:", server.Shutdown(ctx))
	fmt.Println("close:", f.Close())
	fmt.Println("connected:", f.Connected())
	// Output:
	// drain: <nil>
	// shutdown: <nil>
	// close: <nil>
	// connected: 0
}

// Programs without a client for the store publish over HTTP.
func ExampleFeed_Receive() {
	f, err := feed.New(feed.Options{})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	publish := f.Receive("secret token")

	r := httptest.NewRequest("POST", "/publish?topic=cpu", strings.NewReader(`{"load":0.7}`))
	r.Header.Set("Authorization", "Bearer secret token")
	w := httptest.NewRecorder()
	publish.ServeHTTP(w, r)
	fmt.Println(w.Code)

	r = httptest.NewRequest("POST", "/publish?topic=cpu", strings.NewReader(`{"load":0.7}`))
	w = httptest.NewRecorder()
	publish.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	// Output:
	// 200
	// 401 the token is missing or wrong
}

// A user whose rights have changed is disconnected on every process that shares
// the store; Authorize decides anew when the client is back.
func ExampleFeed_Disconnect() {
	f, err := feed.New(feed.Options{
		Logger: silent,
		Authorize: func(r *http.Request) (*feed.Grant, error) {
			return &feed.Grant{User: "ann", Topics: []string{"price.*"}, Expires: time.Now().Add(time.Hour)}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	server := httptest.NewServer(f)
	defer server.Close()
	ctx := context.Background()
	client, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		panic(err)
	}
	for f.Connected() == 0 {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(f.Disconnect(ctx, feed.Target{User: "ann"}))
	_, _, err = client.Read(ctx)
	fmt.Println(websocket.CloseStatus(err))
	// Output:
	// <nil>
	// StatusCode(4401)
}

// Pages show a topic as stale when its newest event is older than declared here.
func ExampleFeed_SetFresh() {
	f, err := feed.New(feed.Options{Fresh: map[string]time.Duration{"cpu": 2 * time.Second, "price.*": time.Minute}})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	// The market closes: prices do not move until tomorrow.
	fmt.Println(f.SetFresh(map[string]time.Duration{"price.*": 0}))
	// Output: <nil>
}

// Ready tells a load balancer where new clients should go.
func ExampleFeed_Ready() {
	f, err := feed.New(feed.Options{})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	answer := httptest.NewRecorder()
	f.Ready().ServeHTTP(answer, httptest.NewRequest("GET", "/ready", nil))
	fmt.Println(answer.Code)
	f.Drain(context.Background(), 0)
	answer = httptest.NewRecorder()
	f.Ready().ServeHTTP(answer, httptest.NewRequest("GET", "/ready", nil))
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Code, strings.TrimSpace(string(body)))
	// Output:
	// 200
	// 503 draining
}

// Tickets lets a browser in that cannot send an Authorization header with a
// WebSocket: the page fetches a ticket with the rights of its session and puts it
// into the URL. A ticket is good once and for a few seconds, so one that is found
// in a log is worth nothing. The page's url function fetches a new one for each
// connection, and close code 4401 makes the client call it at once.
type Tickets struct {
	mu    sync.Mutex
	valid map[string]time.Time
}

// Issue is the handler behind the site's own login.
func (t *Tickets) Issue(w http.ResponseWriter, _ *http.Request) {
	ticket := rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.valid == nil {
		t.valid = map[string]time.Time{}
	}
	for old, until := range t.valid {
		if time.Now().After(until) {
			delete(t.valid, old)
		}
	}
	t.valid[ticket] = time.Now().Add(30 * time.Second)
	fmt.Fprint(w, ticket)
}

// Authorize takes a ticket out of the URL.
func (t *Tickets) Authorize(r *http.Request) (*feed.Grant, error) {
	ticket := r.URL.Query().Get("ticket")
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.valid[ticket]
	delete(t.valid, ticket)
	if !ok || time.Now().After(until) {
		return nil, fmt.Errorf("the ticket is used up: %w", feed.ErrUnauthorized)
	}
	return &feed.Grant{Expires: time.Now().Add(time.Hour)}, nil
}

func ExampleOptions_authorize() {
	tickets := &Tickets{}
	f, err := feed.New(feed.Options{Authorize: tickets.Authorize})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	mux := http.NewServeMux()
	mux.Handle("/feed", f)
	mux.HandleFunc("POST /ticket", tickets.Issue) // behind the site's login

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("POST", "/ticket", nil))
	request := httptest.NewRequest("GET", "/feed?ticket="+answer.Body.String(), nil)
	for range 2 {
		grant, err := tickets.Authorize(request)
		fmt.Println(grant != nil, err)
	}
	// Output:
	// true <nil>
	// false the ticket is used up: feed: unauthorized
}
