"""What lies in the engine: the names of its keys, and the Lua functions that scripts share.

Every key begins with ``category_crawler:``, so that an ACL can keep a node to them. Keys whose
names hold a job's or a node's are made inside scripts, which a Redis Cluster does not allow.

* ``queue``: waiting jobs, a sorted set; the lowest score is the next to run
* ``job:<job>``: a hash with ``state`` (waiting, claimed, finished, revoked), ``message``,
  ``score``, ``claim`` (node, incarnation and number, with spaces between) and ``signal`` (name and
  number)
* ``beat:<node>``: the node's incarnation, for as long as its lease lasts
* ``claims:<node>``: a hash from jobs to claims
* ``nodes``: a hash from nodes to their latest reports
* ``drained``: the set of nodes that take no job
* ``lanes``: a sorted set of lanes, scored with the moments of their next free turns
* ``lock:<name>``: the token of the lock's holder
* ``counter``: counts the jobs and signals, to keep their order

Moments are in microseconds by the engine's clock.
"""

from dataclasses import dataclass, field

_SHARED = """
local PREFIX = 'category_crawler:'
local QUEUE, NODES, DRAINED = PREFIX .. 'queue', PREFIX .. 'nodes', PREFIX .. 'drained'
local LANES, COUNTER = PREFIX .. 'lanes', PREFIX .. 'counter'
local function job_key(job) return PREFIX .. 'job:' .. job end
local function beat_key(node) return PREFIX .. 'beat:' .. node end
local function claims_key(node) return PREFIX .. 'claims:' .. node end
local function lock_key(name) return PREFIX .. 'lock:' .. name end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function fields(job, ...) return unpack(redis.call('HMGET', job_key(job), ...)) end

local function is_alive(claim)
  local node, incarnation = string.match(claim, '^(%S+) (%S+)')
  return redis.call('GET', beat_key(node)) == incarnation
end

local function drop_claim(job)
  local claim = fields(job, 'claim')
  if claim then redis.call('HDEL', claims_key(string.match(claim, '^%S+')), job) end
end

local function end_job(job, state, seconds)
  redis.call('ZREM', QUEUE, job)
  drop_claim(job)
  redis.call('DEL', job_key(job))
  redis.call('HSET', job_key(job), 'state', state)
  redis.call('EXPIRE', job_key(job), seconds)
end

local function claim_job(job, claim)
  redis.call('ZREM', QUEUE, job)
  redis.call('HSET', job_key(job), 'state', 'claimed', 'claim', claim)
  redis.call('HSET', claims_key(string.match(claim, '^%S+')), job, claim)
end
"""


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script that begins with the shared functions; it runs as one step."""

    own: str = field(repr=False)

    @property
    def text(self) -> str:
        """The whole script."""
        return f"{_SHARED}{self.own}"
