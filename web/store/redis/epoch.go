package redis

import (
	"context"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
)

// epoch returns the log's epoch, and makes one when there is none.
func (s *Store) epoch(ctx context.Context, client rueidis.Client) (string, error) {
	answers := client.DoMulti(ctx,
		client.B().Set().Key(s.epochOf).Value(store.NewEpoch()).Nx().Build(),
		client.B().Get().Key(s.epochOf).Build())
	return answers[1].ToString()
}

// another replaces an epoch, once for all processes that find it over.
var another = rueidis.NewLuaScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	redis.call('SET', KEYS[1], ARGV[2])
end
return 1`)
