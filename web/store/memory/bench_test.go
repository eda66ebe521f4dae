package memory_test

import (
	"testing"

	"github.com/wakesocket/wakesocket/web/store/memory"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func BenchmarkPublish(b *testing.B) { storetest.BenchmarkPublish(b, memory.New(memory.Options{})) }
