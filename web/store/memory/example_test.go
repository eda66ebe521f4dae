package memory_test

import (
	"context"
	"fmt"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func Example() {
	ctx := context.Background()
	log := memory.New(memory.Options{Events: 1000})
	first, err := log.Publish(ctx, "cpu", []byte(`{"load":0.7}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	// Publishing again with the same key stores nothing.
	for range 2 {
		if _, err := log.Publish(ctx, "cpu", []byte(`{"load":0.9}`), store.IdempotencyKey("reading 2")); err != nil {
			fmt.Println(err)
		}
	}
	events, err := log.After(ctx, first, 100)
	for _, event := range events {
		fmt.Println(event.Topic, string(event.Data), err)
	}
	// Output: cpu {"load":0.9} <nil>
}
