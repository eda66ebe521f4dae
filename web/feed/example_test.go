package feed_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
)

// Tickets lets a browser in that cannot send an Authorization header with a
// WebSocket: the page fetches a ticket with its session's rights and puts it into the URL.
// A ticket is good once and for a few seconds, so one that is found in a log is
// worth nothing. The page's url function fetches a new one for each connection, and
// close code 4401 makes the client ask it again at once.
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
