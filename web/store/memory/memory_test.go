package memory_test

import (
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t testing.TB, events int) func() store.Store {
		s := memory.New(memory.Options{Events: events})
		return func() store.Store { return s }
	})
}
