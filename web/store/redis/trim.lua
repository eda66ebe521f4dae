-- Drops what is too old by the clock of this server. The newest entry that is too old
-- stays: it proves the place before the rest.
-- KEYS as for reading. ARGV: milliseconds to keep an event, or 0 for any time; the
-- same for idempotency keys, which are also kept as long as the stream has their
-- events.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = '0'
if tonumber(ARGV[1]) > 0 then
	local old = redis.call('XREVRANGE', KEYS[1], now - ARGV[1] - 1, '-', 'COUNT', 1)
	if #old > 0 then
		oldest = old[1][1]
	end
end
redis.call('XTRIM', KEYS[1], 'MINID', '=', oldest) -- also where there is nothing to trim: a replica refuses

local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local keep = now - ARGV[2]
if #first > 0 then
	keep = math.min(keep, tonumber(string.match(first[1][1], '^%d+')))
end
local forgotten = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', string.format('(%.0f', keep), 'LIMIT', 0, 1000)
if #forgotten > 0 then
	redis.call('HDEL', KEYS[2], unpack(forgotten))
	redis.call('ZREM', KEYS[3], unpack(forgotten))
end
return #forgotten
