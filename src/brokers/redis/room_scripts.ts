/**
 * The scripts of a room's stream: publish and read. Each makes the room's meta, and with it an epoch, if there is none or
 * if another Redis process gave it: after a restart Redis may have lost the newest messages, and the offsets of the lost
 * ones must never be given to others under the same epoch.
 */
import type { Script } from "./script.ts";

/** Scripts do not roll back: the log has to go before the offsets start over, or XADD refuses the smaller id. */
const META = `
local function renew(fresh, run)
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'e', fresh, 'o', 0, 'r', run)
  return fresh, 0
end
local function meta(fresh, run, ttl)
  local m = redis.call('HMGET', KEYS[1], 'e', 'o', 'r')
  local e, o = m[1], tonumber(m[2])
  if not e or m[3] ~= run then e, o = renew(fresh, run) end
  if redis.call('PTTL', KEYS[1]) < ttl - 60000 then redis.call('PEXPIRE', KEYS[1], ttl) end
  return e, o
end
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
`;

/**
 * KEYS meta log once
 * ARGV payload id size ttl onceTtl fresh run metaTtl command channel timestamp
 * Returns "epoch offset" of this publish, or "epoch offset id timestamp" of the first if it is a repeat (older nodes left
 * the timestamp out); the epoch of what is not kept is "-".
 */
export const PUBLISH: Script = {
  name: "parleyPublish",
  keys: 3,
  lua: `${META}
if ARGV[5] ~= '0' then
  local seen = redis.call('GET', KEYS[3])
  if seen then return seen end
end
local e, o = '-', 0
if ARGV[3] ~= '0' then
  e, o = meta(ARGV[6], ARGV[7], ARGV[8])
  o = redis.call('HINCRBY', KEYS[1], 'o', 1)
  redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[3], o .. '-1', 'm', ARGV[1], 'x', now() + ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
local position = e .. ' ' .. o
local head = position .. ' ' .. ARGV[2]
if ARGV[5] ~= '0' then redis.call('SET', KEYS[3], head .. ' ' .. ARGV[11], 'PX', ARGV[5]) end
redis.call(ARGV[9], ARGV[10], head .. ' ' .. ARGV[1])
return position`,
};

/**
 * KEYS meta log
 * ARGV fresh run metaTtl mode epoch offset limit
 * mode: "since" the position, if all after it are within the limit; "after" the position, as many as that; "fill" is after,
 * but asked by a node that knows the position to be true: if Redis is behind it, it lost messages; "before" the position;
 * "newest".
 * Returns {epoch, offset, recovered, now, entries, reversed, kept}.
 */
export const READ: Script = {
  name: "parleyRead",
  keys: 2,
  lua: `${META}
local e, o = meta(ARGV[1], ARGV[2], ARGV[3])
local mode, offset, limit = ARGV[4], tonumber(ARGV[6]), tonumber(ARGV[7])
local same = ARGV[5] == e
if mode == 'fill' and same and offset > o then
  e, o = renew(ARGV[1], ARGV[2])
  same = false
end
local kept = redis.call('XLEN', KEYS[2])
local forward = mode == 'after' or mode == 'fill' or (mode == 'since' and o - offset <= limit)
if forward and same and offset <= o then
  if offset == o then return {e, o, 1, now(), {}, 0, kept} end
  local got = redis.call('XRANGE', KEYS[2], (offset + 1) .. '-0', '+', 'COUNT', limit)
  if got[1] and got[1][1] == (offset + 1) .. '-1' then return {e, o, 1, now(), got, 0, kept} end
end
if mode == 'before' and not same then return {e, o, 0, now(), {}, 0, kept} end
if limit == 0 or mode == 'fill' then return {e, o, 0, now(), {}, 0, kept} end
local top = o
if mode == 'before' then top = math.min(o, offset - 1) end
if top < 1 then return {e, o, 0, now(), {}, 0, kept} end
return {e, o, 0, now(), redis.call('XREVRANGE', KEYS[2], top .. '-1', '-', 'COUNT', limit + 1), 1, kept}`,
};
