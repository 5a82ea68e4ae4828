/**
 * The scripts of a room's stream: publish and read. Each makes the room's meta, and with it an epoch, where it is needed and
 * there is none, or where another Redis process gave it: after a restart or a failover Redis may have lost the newest
 * messages, and the offsets of the lost ones must never be given to others under the same epoch.
 *
 * Everything that is published into a room goes through a script, so that it says where in the room's order it stands, and
 * on a Redis Cluster leaves from the master of the room's slot like everything else.
 */
import type { Script } from "./script.ts";

/** Stands for the process that runs the script, where the client cannot know which one that is. */
export const WHOEVER_RUNS_IT = "*";

/**
 * Scripts do not roll back: the log has to go before the offsets start over, or XADD refuses the smaller id; and XADD comes
 * before the meta says that there is an entry.
 */
const META = `
local function runOf(given)
  if given ~= '${WHOEVER_RUNS_IT}' then return given end
  local id = redis.pcall('CLUSTER', 'MYID')
  return type(id) == 'string' and id or ''
end
local function standing(meta, run)
  local m = redis.call('HMGET', meta, 'e', 'o', 'r', 'b')
  local o = tonumber(m[2])
  if m[1] and o and m[3] == run then return m[1], o, tonumber(m[4]) or 0 end
end
`;

/** For scripts that publish what is not kept: the head of its payload. */
export const PLACE = `${META}
local function place(meta, run)
  local e, o = standing(meta, runOf(run))
  if not e then return '- 0' end
  return e .. ' >' .. string.format('%.0f', o)
end
`;

const LOG = `${PLACE}
local function renew(fresh, run)
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'e', fresh, 'o', 0, 'r', run, 'b', 0, 'f', 0)
  return fresh, 0, 0
end
local function keep(ttl)
  if redis.call('PTTL', KEYS[1]) < ttl - 60000 then redis.call('PEXPIRE', KEYS[1], ttl) end
end
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function before(entry)
  local fields = entry[2]
  local upTo = tonumber(fields[6])
  return upTo and upTo - #(fields[2] or '')
end
`;

/**
 * KEYS meta log once
 * ARGV payload id size ttl onceTtl fresh run metaTtl command channel timestamp maxBytes
 * Returns "epoch offset" of this publish, or "epoch offset id timestamp" of the first if it is a repeat; the epoch of what
 * is not kept is "-".
 *
 * The bytes of the log are looked up only when it could be too large: what was ever kept is counted in the meta and in each
 * entry, so the difference to the oldest is what the log holds.
 */
export const PUBLISH: Script = {
  name: "parleyPublish",
  keys: ["hash", "stream", "string"],
  lua: `${LOG}
if ARGV[5] ~= '0' then
  local seen = redis.call('GET', KEYS[3])
  if seen then return seen end
end
local function bound(bytes, limit)
  if bytes - (tonumber(redis.call('HGET', KEYS[1], 'f')) or 0) <= limit then return end
  local length = redis.call('XLEN', KEYS[2])
  while true do
    local gone = before(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1])
    if length <= 1 or (gone and bytes - gone <= limit) then
      redis.call('HSET', KEYS[1], 'f', string.format('%.0f', gone or bytes))
      return
    end
    length = length - 1
    redis.call('XTRIM', KEYS[2], 'MAXLEN', '=', length)
  end
end
local position, at = '- 0', nil
if ARGV[3] ~= '0' then
  local run = runOf(ARGV[7])
  local e, o, bytes = standing(KEYS[1], run)
  if not e then e, o, bytes = renew(ARGV[6], run) end
  keep(tonumber(ARGV[8]))
  o, bytes = string.format('%.0f', o + 1), bytes + #ARGV[1]
  local total = string.format('%.0f', bytes)
  redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[3], o .. '-1', 'm', ARGV[1], 'x', now() + ARGV[4], 'b', total)
  redis.call('HSET', KEYS[1], 'o', o, 'b', total)
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
  bound(bytes, tonumber(ARGV[12]))
  position = e .. ' ' .. o
  at = position
else
  at = place(KEYS[1], ARGV[7])
end
if ARGV[5] ~= '0' then
  redis.call('SET', KEYS[3], position .. ' ' .. ARGV[2] .. ' ' .. ARGV[11], 'PX', ARGV[5])
end
redis.call(ARGV[9], ARGV[10], at .. ' ' .. ARGV[2] .. ' ' .. ARGV[1])
return position`,
};

/**
 * KEYS meta log members
 * ARGV fresh run metaTtl mode epoch offset limit maxBytes mark command channel
 * mode: "since" the position, if all after it are within limit and bytes; "after" the position, as many as are; "fill" is
 * after, but asked by a node that knows the position to be true: if Redis is behind it, it lost messages, and the mark is
 * published where the log ends; "before" the position; "newest". One message is read whatever its size.
 * Where nothing was said and nobody is in (who asks to fill has somebody there), nothing is left behind, and the position
 * that is returned does not stand.
 * Returns {epoch, offset, recovered, entries, reversed, first, stands}, first being the oldest offset that is kept.
 */
export const READ: Script = {
  name: "parleyRead",
  keys: ["hash", "stream", "hash"],
  lua: `${LOG}
local PAGE = 16
local run, stands = runOf(ARGV[2]), 1
local e, o = standing(KEYS[1], run)
if e then
  keep(tonumber(ARGV[3]))
elseif ARGV[4] == 'fill' or redis.call('EXISTS', KEYS[3]) == 1 then
  e, o = renew(ARGV[1], run)
  keep(tonumber(ARGV[3]))
else
  redis.call('DEL', KEYS[1], KEYS[2])
  e, o, stands = ARGV[1], 0, 0
end
local mode, offset, limit, budget = ARGV[4], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local same = ARGV[5] == e
if mode == 'fill' and same and offset > o then
  e, o = renew(ARGV[1], run)
  same = false
end
local length, time = redis.call('XLEN', KEYS[2]), now()
while length > 0 do
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  if (tonumber(oldest[2][4]) or 0) > time then break end
  length = length - 1
  redis.call('XTRIM', KEYS[2], 'MAXLEN', '=', length)
end
local first = o - length + 1
local function pages(command, from, to)
  local got, spent = {}, 0
  while #got < limit do
    local count = math.min(PAGE, limit - #got)
    local page = redis.call(command, KEYS[2], from, to, 'COUNT', count)
    for _, entry in ipairs(page) do
      spent = spent + #(entry[2][2] or '')
      if #got > 0 and spent > budget then return got end
      got[#got + 1] = entry
      from = '(' .. entry[1]
    end
    if #page < count then return got end
  end
  return got
end
local function allFit()
  if o - offset > limit then return false end
  local entry = redis.call('XRANGE', KEYS[2], (offset + 1) .. '-0', '+', 'COUNT', 1)[1]
  local gone = entry and before(entry)
  local bytes = tonumber(redis.call('HGET', KEYS[1], 'b')) or 0
  return gone and (o == offset + 1 or bytes - gone <= budget)
end
local function answer()
  if mode ~= 'before' and mode ~= 'newest' and same and offset <= o and offset + 1 >= first then
    if offset == o then return {e, o, 1, {}, 0, first, stands} end
    if mode ~= 'since' or allFit() then
      return {e, o, 1, pages('XRANGE', (offset + 1) .. '-0', '+'), 0, first, stands}
    end
  end
  local top = o
  if mode == 'before' then top = same and math.min(o, offset - 1) or 0 end
  if mode == 'fill' or limit == 0 or top < 1 then return {e, o, 0, {}, 0, first, stands} end
  return {e, o, 0, pages('XREVRANGE', top .. '-1', '-'), 1, first, stands}
end
local answered = answer()
if ARGV[9] ~= '' then redis.call(ARGV[10], ARGV[11], e .. ' >' .. o .. ' ' .. ARGV[9] .. ' ') end
return answered`,
};
