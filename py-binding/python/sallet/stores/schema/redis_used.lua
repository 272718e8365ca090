-- Writes when keys were last used; a time that is earlier than the one there, or of a key that is not there, is left out.
-- KEYS: keys, used. ARGV: id and seconds since 1970, in turn.
for i = 1, #ARGV, 2 do
    local id, at = ARGV[i], ARGV[i + 1]
    if redis.call('HEXISTS', KEYS[1], id) == 1 and tonumber(redis.call('HGET', KEYS[2], id) or '0') < tonumber(at) then
        redis.call('HSET', KEYS[2], id, at)
    end
end
