-- Reads the ends of the stream and a page of it in one step, so that they belong
-- together.
-- KEYS: the stream; the hash of idempotency keys, key → "id checksum"; the sorted set
-- of their ages. ARGV: an epoch in case there is none; the id to read on from, or '';
-- how many entries at most; how many bytes of data at most, but one entry at least.

local GROUP = '^wakesocket:epoch:([a-z0-9]+)$'

local function epoch()
	if redis.call('EXISTS', KEYS[1]) == 1 then
		for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
			for i = 1, #group, 2 do
				local found = group[i] == 'name' and string.match(group[i + 1], GROUP)
				if found and #found <= 32 then
					return found
				end
			end
		end
	end
	redis.call('XGROUP', 'CREATE', KEYS[1], 'wakesocket:epoch:' .. ARGV[1], '0', 'MKSTREAM')
	return ARGV[1]
end

local function read(entry)
	local event = {id = entry[1], topic = '', data = ''}
	for i = 1, #entry[2], 2 do
		event[entry[2][i]] = entry[2][i + 1]
	end
	event.id = entry[1]
	return event
end

local function checksum(event)
	return string.sub(redis.sha1hex(event.topic .. '\0' .. event.data), 1, 8)
end

-- Of the entries with one idempotency key the first is the event.
local function repeated(event)
	if not event.key then
		return false
	end
	local first = redis.call('HGET', KEYS[2], event.key)
	if not first then
		redis.call('HSET', KEYS[2], event.key, event.id .. ' ' .. checksum(event))
		redis.call('ZADD', KEYS[3], string.match(event.id, '^%d+'), event.key)
		return false
	end
	return string.match(first, '^%S+') ~= event.id
end

local life = epoch()
local info, field = redis.call('XINFO', 'STREAM', KEYS[1]), {}
for i = 1, #info, 2 do
	field[info[i]] = info[i + 1]
end
local top, topsum = field['last-generated-id'], ''
if field['last-entry'] and field['last-entry'][1] == top then
	topsum = checksum(read(field['last-entry']))
end
-- The oldest entry of a trimmed stream only proves the place before the rest. An
-- untrimmed one also has its beginning.
local base, basesum = top, topsum
if field['entries-added'] == field['length'] then
	base, basesum = '0-0', ''
elseif field['first-entry'] then
	base, basesum = field['first-entry'][1], checksum(read(field['first-entry']))
end

local proof, page, bytes, from, chunk = '', {}, 0, ARGV[2], 16
local left = tonumber(ARGV[3])
while from ~= '' and left > 0 do
	local count = math.min(left + 1, chunk) -- one more for the proof
	local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', count)
	for _, entry in ipairs(entries) do
		local event = read(entry)
		if event.id == ARGV[2] then
			proof = checksum(event)
		else
			bytes = bytes + #event.data
			if left == 0 or bytes > tonumber(ARGV[4]) and #page > 0 then
				left = 0
				break
			end
			page[#page + 1] = {event.id, event.topic, event.data, repeated(event) and 1 or 0}
			left = left - 1
		end
	end
	if #entries < count then
		break
	end
	from, chunk = '(' .. entries[#entries][1], 256
end
return {life, top, topsum, base, basesum, proof, page}
