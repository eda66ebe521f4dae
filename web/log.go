package main

import (
	"fmt"

	"github.com/wakesocket/wakesocket/web/internal/stores"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// logAt returns how to open the log that the -store flag names, and what closes
// it. One in memory is new each time, as it would be after a crash; the others
// outlive the process.
func logAt(place string) (open func() (store.Store, error), shut func() error, err error) {
	log, shut, err := stores.Open(place)
	if err != nil {
		return nil, nil, fmt.Errorf("-store: %w", err)
	}
	return func() (store.Store, error) {
		if place == "memory" {
			return memory.New(memory.Options{}), nil
		}
		return log, nil
	}, shut, nil
}
