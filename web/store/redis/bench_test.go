package redis_test

import (
	"testing"

	"github.com/wakesocket/wakesocket/web/store/redis"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func BenchmarkPublish(b *testing.B) {
	s, _ := open(b, server.URL, redis.Options{})
	storetest.BenchmarkPublish(b, s)
}
