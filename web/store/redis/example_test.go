package redis_test

import (
	"context"
	"fmt"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/redis"
)

func Example() {
	log, err := redis.Open(backend.URL(), redis.Options{Key: "{shop}:events", Events: 50_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	f, err := feed.New(feed.Options{Store: log}) // an http.Handler
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	_, err = f.Publish(context.Background(), "orders", []byte(`{"paid":true}`))
	fmt.Println(err)
	// Output: <nil>
}
