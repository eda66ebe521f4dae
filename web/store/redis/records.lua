-- Returns name, age in ms and data of each record that has not expired.
-- KEYS as for putting one.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', now), '+inf')) do
	local stored, data = string.match(redis.call('HGET', KEYS[1], name) or '', '^(%d+) (.*)$')
	if stored then
		found[#found + 1] = {name, math.max(0, now - stored), data}
	end
end
return found
