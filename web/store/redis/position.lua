-- The position that belongs to a state: run it in the MULTI that reads the state, or
-- put it before the reading in a script of your own.
-- KEYS: the stream.
local epoch
if redis.call('EXISTS', KEYS[1]) == 1 then
	for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
		for i = 1, #group, 2 do
			epoch = epoch or group[i] == 'name' and string.match(group[i + 1], '^wakesocket:epoch:([a-z0-9]+)$')
		end
	end
end
if not epoch then
	return redis.error_reply('ERR wakesocket: ' .. KEYS[1] .. ' has no log yet; a feed must have used it before')
end
local field = {}
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
	field[info[i]] = info[i + 1]
end
local top, last = field['last-generated-id'], field['last-entry']
local ms, seq = string.match(top, '^(%d+)-(%d+)$')
local sum = 0
if last and last[1] == top then
	local event = {}
	for i = 1, #last[2], 2 do
		event[last[2][i]] = last[2][i + 1]
	end
	sum = tonumber(string.sub(redis.sha1hex((event.topic or '') .. '\0' .. (event.data or '')), 1, 8), 16)
end
local minor = seq * 4294967296 + sum
return epoch .. '-' .. ms .. (minor > 0 and string.format('-%.0f', minor) or '')
