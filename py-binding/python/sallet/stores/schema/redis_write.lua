-- Makes all of the changes or none, in one step with the version and the log.
-- KEYS: format, keys, revoked, digests, log. ARGV: format, stamp, seconds since 1970, entries that the log keeps, then for each
-- change: "add" id digest row | "revoke" id "" "" | "expire" id not_after "".
-- Returns the version and how many entries the log got, or what is in the way.
local FORMAT, KEYS_, REVOKED, DIGESTS, LOG = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local format, stamp, now, kept = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local function version()
    local last = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)
    if #last == 0 then
        return 0
    end
    return tonumber(string.match(last[1][1], '^%d+'))
end

local there = redis.call('GET', FORMAT)
if there and there ~= format then
    return { 'format', there }
end
if not there and redis.call('EXISTS', KEYS_, REVOKED, LOG) > 0 then
    return { 'damaged', '' }
end

local entries = {}
for i = 5, #ARGV, 4 do
    local kind, id, value, row = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    if kind == 'add' then
        if redis.call('HEXISTS', KEYS_, id) == 1 then
            return { 'taken', id, id, '0' }
        end
        if redis.call('HEXISTS', REVOKED, id) == 1 then
            return { 'taken', id, id, '1' }
        end
        local other = redis.call('HGET', DIGESTS, value)
        if other then
            return { 'taken', id, other, tostring(redis.call('HEXISTS', REVOKED, other)) }
        end
        entries[#entries + 1] = { id, row, value }
    else
        local old = redis.call('HGET', KEYS_, id)
        local revoked = redis.call('HEXISTS', REVOKED, id) == 1
        if kind == 'revoke' and old then
            entries[#entries + 1] = { id, '', '', old }
        elseif kind == 'revoke' and not revoked then
            return { 'missing', id }
        elseif kind == 'expire' then
            if revoked and not old then
                return { 'ended', id }
            elseif not old then
                return { 'missing', id }
            end
            local before, start, after = string.match(old, '^(%x+\t(%d*)\t)%d*(\t.*)$')
            if not before then
                return { 'unreadable', id }
            end
            if start ~= '' and tonumber(start) > tonumber(value) then
                return { 'never', id }
            end
            entries[#entries + 1] = { id, before .. value .. after, '' }
        end
    end
end

local last = version()
if #entries == 0 then
    return { 'ok', last, 0 }
end
redis.call('SET', FORMAT, format)
last = last + 1
for i, entry in ipairs(entries) do
    local id, row, digest, old = entry[1], entry[2], entry[3], entry[4]
    if old then
        redis.call('HDEL', KEYS_, id)
        redis.call('HSET', REVOKED, id, now .. '\t' .. old)
    else
        redis.call('HSET', KEYS_, id, row)
    end
    if digest ~= '' then
        redis.call('HSET', DIGESTS, digest, id)
    end
    redis.call('XADD', LOG, 'MAXLEN', '~', kept, string.format('%.0f-%d', last, i - 1), 'stamp', stamp, 'id', id, 'row', row)
end
return { 'ok', last, #entries }
