-- Replaces an epoch, once for all processes that find the end of the log lost.
-- KEYS: the stream. ARGV: the old epoch, the new one.
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('XGROUP', 'DESTROY', KEYS[1], 'wakesocket:epoch:' .. ARGV[1]) == 1 then
	redis.call('XGROUP', 'CREATE', KEYS[1], 'wakesocket:epoch:' .. ARGV[2], '0')
end
return 1
