package nats_test

import (
	"context"
	"fmt"
	"os"

	"github.com/wakesocket/wakesocket/web/store/nats"
)

// A log in a directory goes on where it was when its process is started again.
func ExampleOpenDir() {
	dir, err := os.MkdirTemp("", "log-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	log, err := nats.OpenDir(dir, nats.Options{Events: 50_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	first, err := log.Publish(ctx, "cpu", []byte(`{"load":0.7}`))
	if err != nil {
		fmt.Println(err)
	}
	if _, err := log.Publish(ctx, "cpu", []byte(`{"load":0.9}`)); err != nil {
		fmt.Println(err)
	}
	log.Close()

	again, err := nats.OpenDir(dir, nats.Options{Events: 50_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer again.Close()
	events, err := again.After(ctx, first, 100)
	for _, event := range events {
		fmt.Println(event.Topic, string(event.Data), err)
	}
	// Output: cpu {"load":0.9} <nil>
}
