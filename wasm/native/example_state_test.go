package native_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/wakesocket/wakesocket/wasm/native"
	"github.com/wakesocket/wakesocket/web/feed"
)

// A state and its changes: the state comes by HTTP with its position, and then exactly
// the events after it, at the start and after each gap.
func ExampleOptions_snapshot() {
	var mu sync.Mutex // the state and its position belong together
	stock := map[string]int{"apples": 3}
	f, err := feed.New(feed.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	mux := http.NewServeMux()
	mux.Handle("/feed", f)
	mux.HandleFunc("/stock", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		at, err := f.Position(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		feed.WritePosition(w, at)
		json.NewEncoder(w).Encode(stock)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	sell := func(what string, n int) {
		mu.Lock()
		defer mu.Unlock()
		stock[what] -= n
		if _, err := f.Publish(context.Background(), what, fmt.Appendf(nil, "%d", n)); err != nil {
			log.Fatal(err)
		}
	}

	var mine map[string]int // what this program knows of the stock
	client, err := native.New(native.Options{
		URL: server.URL + "/feed",
		Snapshot: func(ctx context.Context, reason string) (native.Snapshot, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/stock?reason="+reason, nil)
			if err != nil {
				return native.Snapshot{}, err
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return native.Snapshot{}, err
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return native.Snapshot{}, fmt.Errorf("the server answers %s", response.Status)
			}
			var state map[string]int
			err = json.NewDecoder(response.Body).Decode(&state)
			return native.Snapshot{At: response.Header.Get(feed.PositionHeader), Data: state}, err
		},
		OnSnapshot: func(_ *native.Client, s native.Snapshot) {
			mine = s.Data.(map[string]int) // replaces all that the program had
			fmt.Println(s.Reason, mine["apples"])
			go sell("apples", 2)
		},
		OnEvent: func(c *native.Client, e native.Event) {
			var n int
			if err := json.Unmarshal(e.Data, &n); err != nil {
				log.Print(err)
				return
			}
			mine[e.Topic] -= n
			fmt.Println("sold", n, "left", mine[e.Topic])
			c.Close()
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = client.Run(context.Background())
	// Output:
	// start 3
	// sold 2 left 1
}

// Topics that come and go. The newest event of an added topic comes first, with
// History set.
func ExampleClient_AddTopics() {
	url, stop := serve(3, feed.Options{}) // price 1, 2 and 3
	defer stop()
	ctx := context.Background()
	client, err := native.New(native.Options{
		URL:    url,
		Topics: []string{"alerts"},
		OnState: func(c *native.Client, s native.State) {
			if !s.Live() {
				return
			}
			if _, err := c.AddTopics(ctx, []string{"price"}, native.AddOptions{Last: 1}); err != nil {
				log.Fatal(err)
			}
		},
		OnEvent: func(c *native.Client, e native.Event) {
			fmt.Println(e.Topic, string(e.Data), e.History)
			if _, err := c.RemoveTopics(ctx, "price"); err != nil {
				log.Fatal(err)
			}
			fmt.Println(c.Topics())
			c.Close()
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = client.Run(ctx)
	// Output:
	// price 3 true
	// [alerts]
}

// The last events of a topic, for a chart that starts full.
func ExampleClient_History() {
	url, stop := serve(5, feed.Options{}) // price 1 to 5
	defer stop()
	ctx := context.Background()
	client, err := native.Connect(ctx, native.Options{URL: url})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	history, err := client.History(ctx, native.HistoryQuestion{Topic: "price", Limit: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range history.Events {
		fmt.Println(string(e.Data))
	}
	fmt.Println("the log has no more:", history.Complete)
	// Output:
	// 4
	// 5
	// the log has no more: false
}
