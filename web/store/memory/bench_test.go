package memory_test

import (
	"testing"

	"github.com/wakesocket/wakesocket/web/store/memory"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func BenchmarkLog(b *testing.B) { storetest.BenchmarkLog(b, memory.New(memory.Options{})) }
