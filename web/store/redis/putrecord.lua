-- Stores a record beside the log.
-- KEYS: the hash of records, name → "stored data", stored in ms; the sorted set of
-- their ends. ARGV: name, data, how long to keep it in ms, how many to keep at most.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = string.format('%.0f', now)

local function drop(names)
	for _, name in ipairs(names) do
		redis.call('HDEL', KEYS[1], name)
		redis.call('ZREM', KEYS[2], name)
	end
end

redis.call('HSET', KEYS[1], ARGV[1], stored .. ' ' .. ARGV[2])
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[3]), ARGV[1])
drop(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', stored))
drop(redis.call('ZRANGE', KEYS[2], 0, -1 - ARGV[4]))
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
if last then
	redis.call('PEXPIREAT', KEYS[1], last)
	redis.call('PEXPIREAT', KEYS[2], last)
end
