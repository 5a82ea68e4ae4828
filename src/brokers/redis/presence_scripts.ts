/**
 * The scripts of presence: the change, the count and the event in one step. An event's JSON is cut in two by its sender,
 * before and after what only Redis knows: the stored member, the edge, the counts and whether the room announces. No head:
 * nobody is told. A room that does not announce has a field `q` beside its counts.
 */
import type { Script } from "./script.ts";

const PRESENCE = `
local members, users = KEYS[1], KEYS[2]
local function enlist(user)
  if user == '' then redis.call('HINCRBY', users, 'g', 1) return true end
  return redis.call('HINCRBY', users, 'u' .. user, 1) == 1
end
local function strike(user)
  local field = user == '' and 'g' or 'u' .. user
  local left = redis.call('HINCRBY', users, field, -1)
  if left <= 0 then redis.call('HDEL', users, field) end
  return user == '' or left <= 0
end
local function counts()
  local guests = tonumber(redis.call('HGET', users, 'g') or '0')
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
local function split(value) return string.match(value, '^(%S+) (%S*) (.*)$') end
local function tell(command, channel, event)
  if event.head == '' or event.others < 1 then return end
  redis.call(command, channel, '- 0 ' .. event.id .. ' ' .. event.head .. event.member .. ',"edge":' ..
    tostring(event.edge) .. ',"members":' .. event.members .. ',"users":' .. event.users .. ',"announcing":' ..
    tostring(isAnnouncing()) .. '}}')
end
`;

/**
 * KEYS members users
 * ARGV connection lease user member limit ttl command channel id head max resume
 * Returns {first, members, users, announcing}; first is -1 if the room is full.
 */
export const ENTER: Script = {
  name: "parleyEnter",
  keys: 2,
  lua: `${PRESENCE}
local value = ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4]
local had = redis.call('HGET', members, ARGV[1])
local n, u = counts()
if not had and ARGV[5] ~= '0' and n >= tonumber(ARGV[5]) then return {-1, n, u, 0} end
local first = false
if had then
  local _, user = split(had)
  if user ~= ARGV[3] then strike(user) enlist(ARGV[3]) end
else
  first = enlist(ARGV[3])
end
redis.call('HSET', members, ARGV[1], value)
settle(ARGV[11], ARGV[12])
redis.call('PEXPIRE', members, ARGV[6])
redis.call('PEXPIRE', users, ARGV[6])
n, u = counts()
if not had then
  tell(ARGV[7], ARGV[8], {head = ARGV[10], id = ARGV[9], member = ARGV[4], edge = first, members = n, users = u, others = n - 1})
end
return {first and 1 or 0, n, u, isAnnouncing() and 1 or 0}`,
};

/**
 * KEYS members users
 * ARGV lease command channel max resume, then (connection id head) for each
 * With a lease, only members that are under it: another one may have entered them again. Returns {connection, last, member}
 * of each that was in.
 */
export const LEAVE: Script = {
  name: "parleyLeave",
  keys: 2,
  lua: `${PRESENCE}
local gone = {}
for i = 6, #ARGV, 3 do
  local value = redis.call('HGET', members, ARGV[i])
  local lease, user, member
  if value then lease, user, member = split(value) end
  if value and (ARGV[1] == '' or lease == ARGV[1]) then
    redis.call('HDEL', members, ARGV[i])
    local last = strike(user)
    settle(ARGV[4], ARGV[5])
    local n, u = counts()
    tell(ARGV[2], ARGV[3], {head = ARGV[i + 2], id = ARGV[i + 1], member = member, edge = last, members = n, users = u, others = n})
    gone[#gone + 1] = {ARGV[i], last and 1 or 0, member}
  end
end
return gone`,
};

/** KEYS members users · ARGV connection user member command channel leaveId leaveHead joinId joinHead */
export const IDENTIFY: Script = {
  name: "parleyIdentify",
  keys: 2,
  lua: `${PRESENCE}
local had = redis.call('HGET', members, ARGV[1])
if not had then return 0 end
local lease, user, member = split(had)
local edge = strike(user)
local n, u = counts()
if edge then
  tell(ARGV[4], ARGV[5], {head = ARGV[7], id = ARGV[6], member = member, edge = true, members = n, users = u, others = n - 1})
end
redis.call('HSET', members, ARGV[1], lease .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
local first = enlist(ARGV[2])
n, u = counts()
if first then
  tell(ARGV[4], ARGV[5], {head = ARGV[9], id = ARGV[8], member = ARGV[3], edge = true, members = n, users = u, others = n - 1})
end
return 1`,
};

/** KEYS members users · ARGV limit · Returns {members, users, announcing, values…}. */
export const ROSTER: Script = {
  name: "parleyRoster",
  keys: 2,
  lua: `${PRESENCE}
local limit = tonumber(ARGV[1])
local n, u = counts()
local out = {n, u, isAnnouncing() and 1 or 0}
if limit == 0 or n == 0 then return out end
if n <= limit then
  for _, value in ipairs(redis.call('HVALS', members)) do out[#out + 1] = value end
  return out
end
local cursor = '0'
repeat
  local page = redis.call('HSCAN', members, cursor, 'COUNT', limit)
  cursor = page[1]
  for i = 2, #page[2], 2 do out[#out + 1] = page[2][i] end
until cursor == '0' or #out - 3 >= limit
return out`,
};

/** KEYS members · ARGV lease · Returns the connections that are in under the lease. */
export const FIND: Script = {
  name: "parleyFind",
  keys: 1,
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
  keys: 3,
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
