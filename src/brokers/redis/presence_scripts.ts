/**
 * The scripts of presence: the change, the count and the event in one step. An event's JSON is cut in two by its sender,
 * before and after what only Redis knows: the stored member, the edge, the counts and whether the room announces. No head:
 * nobody is told. A room that does not announce has a field `q` beside its counts.
 */
import { PLACE } from "./room_scripts.ts";
import type { Script } from "./script.ts";

/** What is foreign in the hashes counts as nothing: a count that is not a number, a member of another form. */
const PRESENCE = `${PLACE}
local members, users = KEYS[1], KEYS[2]
local function count(field, by)
  local n = redis.pcall('HINCRBY', users, field, by)
  if type(n) == 'number' then return n end
  redis.call('HSET', users, field, math.max(by, 0))
  return math.max(by, 0)
end
local function enlist(user)
  if user == '' then count('g', 1) return true end
  return count('u' .. user, 1) == 1
end
local function strike(user)
  local field = user == '' and 'g' or 'u' .. user
  local left = count(field, -1)
  if left <= 0 then redis.call('HDEL', users, field) end
  return user == '' or left <= 0
end
local function counts()
  local guests = tonumber(redis.call('HGET', users, 'g') or '0') or 0
  local named = redis.call('HLEN', users) - redis.call('HEXISTS', users, 'q')
  if guests > 0 then named = named - 1 end
  return redis.call('HLEN', members), named + guests
end
local function isAnnouncing() return redis.call('HEXISTS', users, 'q') == 0 end
local function settle(max, resume)
  local n = redis.call('HLEN', members)
  if isAnnouncing() then
    if n > tonumber(max) then redis.call('HSET', users, 'q', 1) end
  elseif n <= tonumber(resume) then
    redis.call('HDEL', users, 'q')
  end
end
local function split(value) return string.match(value or '', '^(%S+) (%S*) ({.*})$') end
local function tell(to, event)
  if event.head == '' or event.others < 1 then return end
  local at = place(KEYS[3], ARGV[to + 2])
  redis.call(ARGV[to], ARGV[to + 1], at .. ' ' .. event.id .. ' ' .. event.head .. event.member .. ',"edge":' ..
    tostring(event.edge) .. ',"members":' .. event.members .. ',"users":' .. event.users .. ',"announcing":' ..
    tostring(isAnnouncing()) .. '}}')
end
`;

/**
 * KEYS members users meta
 * ARGV connection lease user member limit ttl command channel run id head max resume
 * Returns {first, members, users, announcing}; first is -1 if the room is full.
 */
export const ENTER: Script = {
  name: "parleyEnter",
  keys: ["hash", "hash", "hash"],
  lua: `${PRESENCE}
local value = ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4]
local had, user = split(redis.call('HGET', members, ARGV[1]))
local n, u = counts()
if not had and ARGV[5] ~= '0' and n >= tonumber(ARGV[5]) then return {-1, n, u, 0} end
local first = false
if had then
  if user ~= ARGV[3] then strike(user) enlist(ARGV[3]) end
else
  first = enlist(ARGV[3])
end
redis.call('HSET', members, ARGV[1], value)
settle(ARGV[12], ARGV[13])
redis.call('PEXPIRE', members, ARGV[6])
redis.call('PEXPIRE', users, ARGV[6])
n, u = counts()
if not had then
  tell(7, {head = ARGV[11], id = ARGV[10], member = ARGV[4], edge = first, members = n, users = u, others = n - 1})
end
return {first and 1 or 0, n, u, isAnnouncing() and 1 or 0}`,
};

/**
 * KEYS members users meta log
 * ARGV lease command channel run max resume, then (connection id head) for each
 * With a lease, only members that are under it: another one may have entered them again. A room where nothing was said goes
 * with its last member. Returns {wasForgotten, {connection, last, member}…}, one for each that was in.
 */
export const LEAVE: Script = {
  name: "parleyLeave",
  keys: ["hash", "hash", "hash", "stream"],
  lua: `${PRESENCE}
local gone = {0}
for i = 7, #ARGV, 3 do
  local value = redis.call('HGET', members, ARGV[i])
  local lease, user, member = split(value)
  if value and not lease then redis.call('HDEL', members, ARGV[i]) end
  if lease and (ARGV[1] == '' or lease == ARGV[1]) then
    redis.call('HDEL', members, ARGV[i])
    local last = strike(user)
    settle(ARGV[5], ARGV[6])
    local n, u = counts()
    tell(2, {head = ARGV[i + 2], id = ARGV[i + 1], member = member, edge = last, members = n, users = u, others = n})
    gone[#gone + 1] = {ARGV[i], last and 1 or 0, member}
  end
end
if redis.call('EXISTS', members) == 0 and redis.call('HGET', KEYS[3], 'o') == '0' then
  redis.call('DEL', KEYS[3], KEYS[4])
  gone[1] = 1
end
return gone`,
};

/** KEYS members users meta · ARGV connection user member command channel run leaveId leaveHead joinId joinHead */
export const IDENTIFY: Script = {
  name: "parleyIdentify",
  keys: ["hash", "hash", "hash"],
  lua: `${PRESENCE}
local lease, user, member = split(redis.call('HGET', members, ARGV[1]))
if not lease then return 0 end
local edge = strike(user)
local n, u = counts()
if edge then
  tell(4, {head = ARGV[8], id = ARGV[7], member = member, edge = true, members = n, users = u, others = n - 1})
end
redis.call('HSET', members, ARGV[1], lease .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
local first = enlist(ARGV[2])
n, u = counts()
if first then
  tell(4, {head = ARGV[10], id = ARGV[9], member = ARGV[3], edge = true, members = n, users = u, others = n - 1})
end
return 1`,
};

/** KEYS members users meta · ARGV connection member command channel run id head · Returns 1 if it is in. */
export const UPDATE: Script = {
  name: "parleyUpdate",
  keys: ["hash", "hash", "hash"],
  lua: `${PRESENCE}
local lease, user = split(redis.call('HGET', members, ARGV[1]))
if not lease then return 0 end
redis.call('HSET', members, ARGV[1], lease .. ' ' .. user .. ' ' .. ARGV[2])
if ARGV[7] ~= '' and redis.call('HLEN', members) > 1 and isAnnouncing() then
  redis.call(ARGV[3], ARGV[4], place(KEYS[3], ARGV[5]) .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ARGV[2] .. '}}')
end
return 1`,
};

/** KEYS members users · ARGV limit · Returns {members, users, announcing, foreign, values…}; what is foreign is removed. */
export const ROSTER: Script = {
  name: "parleyRoster",
  keys: ["hash", "hash"],
  lua: `${PRESENCE}
local limit, foreign = tonumber(ARGV[1]), 0
local n, u = counts()
local out = {n, u, isAnnouncing() and 1 or 0, 0}
if limit == 0 or n == 0 then return out end
local function add(value)
  if split(value) then out[#out + 1] = value else foreign = foreign + 1 end
end
if n <= limit then
  for _, value in ipairs(redis.call('HVALS', members)) do add(value) end
else
  local cursor = '0'
  repeat
    local page = redis.call('HSCAN', members, cursor, 'COUNT', limit)
    cursor = page[1]
    for i = 2, #page[2], 2 do add(page[2][i]) end
  until cursor == '0' or #out - 4 >= limit
end
if foreign > 0 then
  local all = redis.call('HGETALL', members)
  for i = 1, #all, 2 do
    if not split(all[i + 1]) then redis.call('HDEL', members, all[i]) end
  end
  out[1], out[2] = counts()
  out[4] = foreign
end
return out`,
};

/** KEYS members · ARGV lease · Returns the connections that are in under the lease. */
export const FIND: Script = {
  name: "parleyFind",
  keys: ["hash"],
  lua: `
local found, head = {}, ARGV[1] .. ' '
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if string.sub(all[i + 1], 1, #head) == head then found[#found + 1] = all[i] end
end
return found`,
};

/**
 * KEYS leases reaping run · ARGV lease leaseMs freshRun ttl graceMs
 * Renews the lease and claims the dead. A claimed lease is gone from the leases, so that its node, should it come back,
 * sees it; a claim that was not finished within a lease's time is claimed again. If nobody at all was heard of for a while
 * it was Redis that was away, so everybody gets a new lease's time; and whoever was heard of in the future was so by a
 * clock that was set back since, and counts from now. Returns {had, run, claimed…}.
 */
export const BEAT: Script = {
  name: "parleyBeat",
  keys: ["zset", "zset", "string"],
  lua: `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local run = redis.call('GET', KEYS[3])
if not run then run = ARGV[3] end
redis.call('SET', KEYS[3], run, 'PX', ARGV[4])
for _, key in ipairs({KEYS[1], KEYS[2]}) do
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. now, '+inf')) do redis.call('ZADD', key, now, lease) end
end
local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if newest[2] and now - newest[2] > tonumber(ARGV[5]) then
  for _, lease in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], now, lease) end
end
local had = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local out = {had and 1 or 0, run}
for from, key in ipairs({KEYS[1], KEYS[2]}) do
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', now - ARGV[2])) do
    if from == 1 then redis.call('ZREM', key, lease) end
    redis.call('ZADD', KEYS[2], now, lease)
    out[#out + 1] = lease
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return out`,
};
