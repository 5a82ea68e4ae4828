/** The scripts of what is remembered about users: statuses and inboxes. */
import type { Script } from "./script.ts";

/**
 * KEYS status · ARGV timestamp presence silent ttl
 * `silent` is the presence that stands for having said nothing, for which nothing is kept. Returns 1 if it changed something. The last one that comes
 * here wins: the clocks of nodes do not agree, and may be set back.
 */
export const SET_STATUS: Script = {
  name: "parleySetStatus",
  keys: ["string"],
  lua: `
local presence = string.match(redis.call('GET', KEYS[1]) or '', '^%S+ (.*)$') or ARGV[3]
if presence == ARGV[2] then return 0 end
if ARGV[2] == ARGV[3] then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[4])
return 1`,
};

/** A note is "expiry json"; ids whose note has expired are at the end of the list. */
const INBOX = `
local ids, notes, unread = KEYS[1], KEYS[2], KEYS[3]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function drop(id)
  redis.call('HDEL', notes, id)
  redis.call('SREM', unread, id)
end
while true do
  local oldest = redis.call('LINDEX', ids, -1)
  if not oldest then break end
  local note = redis.call('HGET', notes, oldest)
  local ends = tonumber(string.match(note or '', '^%d+'))
  if ends and ends > now then break end
  redis.call('RPOP', ids)
  drop(oldest)
end
`;

/** KEYS ids notes unread · ARGV id json isRead size ttl · Returns how many are unread. */
export const INBOX_ADD: Script = {
  name: "parleyInboxAdd",
  keys: ["list", "hash", "set"],
  lua: `${INBOX}
redis.call('LREM', ids, 1, ARGV[1])
redis.call('LPUSH', ids, ARGV[1])
redis.call('HSET', notes, ARGV[1], string.format('%.0f', now + ARGV[5]) .. ' ' .. ARGV[2])
redis.call(ARGV[3] == '1' and 'SREM' or 'SADD', unread, ARGV[1])
while redis.call('LLEN', ids) > tonumber(ARGV[4]) do drop(redis.call('RPOP', ids)) end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[5]) end
return redis.call('SCARD', unread)`,
};

/** KEYS ids notes unread · ARGV before ('' for the newest) limit · Returns {unread, more, (isRead, note)…}. */
export const INBOX_LIST: Script = {
  name: "parleyInboxList",
  keys: ["list", "hash", "set"],
  lua: `${INBOX}
local from, limit = 0, tonumber(ARGV[2])
if ARGV[1] ~= '' then
  local at = redis.call('LPOS', ids, ARGV[1])
  from = at and at + 1 or redis.call('LLEN', ids)
end
local out = {redis.call('SCARD', unread), redis.call('LLEN', ids) > from + limit and 1 or 0}
if limit == 0 then return out end
for _, id in ipairs(redis.call('LRANGE', ids, from, from + limit - 1)) do
  out[#out + 1] = 1 - redis.call('SISMEMBER', unread, id)
  out[#out + 1] = redis.call('HGET', notes, id) or ''
end
return out`,
};

/** KEYS ids notes unread · ARGV id ('' for all) · Returns how many are unread. */
export const INBOX_READ: Script = {
  name: "parleyInboxRead",
  keys: ["list", "hash", "set"],
  lua: `${INBOX}
if ARGV[1] == '' then redis.call('DEL', unread) else redis.call('SREM', unread, ARGV[1]) end
return redis.call('SCARD', unread)`,
};
