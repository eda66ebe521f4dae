package postgres_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wakesocket/wakesocket/web/store/postgres"
)

// An event that belongs to a transaction appears when that commits.
func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, backend.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	log, err := postgres.New(pool, postgres.Options{Schema: "shop_log"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	before, err := log.Bounds(ctx) // the first call makes the schema
	if err != nil {
		fmt.Println(err)
		return
	}
	tx, err := pool.Begin(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, `select shop_log.publish('orders', '{"paid": true}')`); err != nil {
		fmt.Println(err)
	}
	if err := tx.Commit(ctx); err != nil {
		fmt.Println(err)
	}
	events, err := log.After(ctx, before.Top, 10)
	for _, event := range events {
		fmt.Println(event.Topic, string(event.Data), err)
	}
	// Output: orders {"paid": true} <nil>
}
