-- Adds an event unless there is one with its idempotency key; returns "id checksum"
-- of that key's event.
-- KEYS as for reading. ARGV: MAXLEN, topic, data, key, checksum.
local first = redis.call('HGET', KEYS[2], ARGV[4])
if first then
	return first
end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'topic', ARGV[2], 'data', ARGV[3], 'key', ARGV[4])
redis.call('HSET', KEYS[2], ARGV[4], id .. ' ' .. ARGV[5])
redis.call('ZADD', KEYS[3], string.match(id, '^%d+'), ARGV[4])
return id .. ' ' .. ARGV[5]
