package npm

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// The page about dropped clients, empty, with drops of several kinds, and filtered.
func TestAccessibleDebug(t *testing.T) {
	t.Parallel()
	log := memory.New(memory.Options{})
	f, err := feed.New(feed.Options{Store: log, Process: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	other, err := feed.New(feed.Options{Store: log, Process: "web-2"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := log.PutRecord(t.Context(), "web-3", []byte("of another version"), time.Hour); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/feed", f)
	mux.Handle("/debug/clients", f.Debug())
	s := httptest.NewServer(mux)
	defer s.Close()
	page := s.URL + "/debug/clients"
	tab := openIn(t, browser(t), page)
	inBoth(t, tab, "without drops")

	agents := []string{"Mozilla/5.0 Chrome/140.0.0.0 Safari/537.36", "Mozilla/5.0 Gecko/20100101 Firefox/141.0", "Mozilla/5.0 AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15"}
	for n := range 24 {
		query := fmt.Sprintf("?wakesocket=1&client=client-%d&previous=sleep,1000,2000", n%7)
		conn, _, err := websocket.Dial(t.Context(), s.URL+"/feed"+query, &websocket.DialOptions{HTTPHeader: http.Header{"User-Agent": {agents[n%3]}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil { // the hello
			t.Fatal(err)
		}
		if n%2 == 0 {
			conn.CloseNow()
		} else {
			conn.Close(websocket.StatusCode(3000+n), "")
		}
	}
	for end := time.Now().Add(time.Minute); f.Connected() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d clients are still connected", f.Connected())
		}
	}
	inBoth(t, openIn(t, browser(t), page), "with drops")
	inBoth(t, openIn(t, browser(t), page+"?cause=closed&browser=Chrome"), "filtered")
}
