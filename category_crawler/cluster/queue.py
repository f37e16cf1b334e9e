"""The cluster's jobs: those that wait, those that nodes have claimed, and how they ended."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from category_crawler.cluster.claim import Claim, new_number
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.keys import Script

Message = dict[str, Any]
"""A job as Scrapyd takes it: ``name`` (the spider's), ``_job``, and the spider's arguments."""
State = Literal["pending", "running", "finished"]
SignalName = Literal["INT", "KILL"]

_HIGHEST_PRIORITY = 4096
"""Scores are floats of 53 bits: 40 for the counter, 13 for a priority and its sign."""
_ASKED_AT_ONCE = 2000
"""Jobs of one question: meanwhile the engine answers nobody else."""
_STATE_OF: dict[str, State] = {"p": "pending", "r": "running", "f": "finished"}
_FINISHED_SECONDS = 3600
_REVOKED_SECONDS = 86400

_PUSH = Script("""
local job, message, priority = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('EXISTS', job_key(job)) == 1 then return end
local score = math.floor(-priority * 2^40) + redis.call('INCR', COUNTER)
redis.call('HSET', job_key(job), 'state', 'waiting', 'message', message, 'score', score)
redis.call('ZADD', QUEUE, score, job)
""")
_POP = Script("""
local node, incarnation, number = ARGV[1], ARGV[2], ARGV[3]
if redis.call('GET', beat_key(node)) ~= incarnation then return end
if redis.call('SISMEMBER', DRAINED, node) == 1 then return end
local job = redis.call('ZRANGE', QUEUE, 0, 0)[1]
if not job then return end
local message = fields(job, 'message')
local is_wanted = #ARGV == 3
for i = 4, #ARGV do is_wanted = is_wanted or cjson.decode(message).name == ARGV[i] end
if not is_wanted then return end
claim_job(job, node .. ' ' .. incarnation .. ' ' .. number)
return {job, message}
""")
_STATES = Script("""
local alive, states = {}, {}
local function is_running(claim)
  local holder = string.match(claim, '^%S+ %S+')
  if alive[holder] == nil then alive[holder] = is_alive(claim) end
  return alive[holder]
end
for i, job in ipairs(ARGV) do
  local state, claim = fields(job, 'state', 'claim')
  if state == 'waiting' then states[i] = 'p'
  elseif state == 'claimed' and is_running(claim) then states[i] = 'r'
  elseif state == 'finished' then states[i] = 'f'
  else states[i] = '-' end
end
return table.concat(states)
""")
_WAITING_JOBS = Script("return table.concat(redis.call('ZRANGE', QUEUE, 0, -1), ' ')")
_PLACE = Script("return redis.call('ZRANK', QUEUE, ARGV[1])")
_WAITING = Script("return redis.call('ZCARD', QUEUE)")
_FIRST = Script("""
local messages = {}
for i, job in ipairs(redis.call('ZRANGE', QUEUE, 0, ARGV[1] - 1)) do
  messages[i] = fields(job, 'message')
end
return messages
""")
_MESSAGE = Script("return (fields(ARGV[1], 'message'))")
_CLAIMS = Script("""
local claims = {}
for _, node in ipairs(redis.call('HKEYS', NODES)) do
  for _, value in ipairs(redis.call('HGETALL', claims_key(node))) do
    table.insert(claims, value)
  end
end
return claims
""")
_STOP = Script("""
local job, signal, seconds = ARGV[1], ARGV[2], ARGV[3]
local state, claim = fields(job, 'state', 'claim')
if state == 'waiting' then
  end_job(job, 'finished', seconds)
  return 'pending'
elseif state == 'claimed' then
  redis.call('HSET', job_key(job), 'signal', signal .. ' ' .. redis.call('INCR', COUNTER))
  return is_alive(claim) and 'running'
end
return state == 'finished' and state
""")
_REVOKE = Script("end_job(ARGV[1], 'revoked', ARGV[2])")
_FORGET = Script("""
if fields(ARGV[1], 'state') == 'finished' then redis.call('DEL', job_key(ARGV[1])) end
""")
_FINISH = Script("""
local job, claim, seconds = ARGV[1], ARGV[2], ARGV[3]
local state, held = fields(job, 'state', 'claim')
if not state or held == claim then end_job(job, 'finished', seconds) end
""")
# A job that was stopped meanwhile must not run. One that was taken back has no message.
_RELEASE = Script("""
local job, claim, seconds = ARGV[1], ARGV[2], ARGV[3]
local held, message, score, signal = fields(job, 'claim', 'message', 'score', 'signal')
if held ~= claim then return end
if signal then return end_job(job, 'finished', seconds) end
drop_claim(job)
if not message then return redis.call('DEL', job_key(job)) end
redis.call('HDEL', job_key(job), 'claim')
redis.call('HSET', job_key(job), 'state', 'waiting')
redis.call('ZADD', QUEUE, score, job)
""")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that a node has taken off the queue."""

    claim: Claim
    message: Message


class Queue:
    """The cluster's jobs. Every method may raise EngineAway.

    Nodes pop, finish and release; the API pushes, stops and revokes.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def push(self, job: str, message: Mapping[str, Any], priority: float = 0.0) -> None:
        """Add a job; do nothing if the engine knows it, even as finished or revoked.

        Higher priorities run first, and jobs of one priority in their order. Priorities count in
        steps of 1/200 or more.
        """
        if not abs(priority) < _HIGHEST_PRIORITY:
            raise ValueError(f"a priority must be below {_HIGHEST_PRIORITY}: {priority}")
        self._engine.run(_PUSH, job, json.dumps({**message, "_job": job}), priority)

    def pop(self, node: str, incarnation: str, only: Sequence[str] = ()) -> Claimed | None:
        """Claim the next job for a node.

        None if no job waits, if the node is drained or silent, or if it has been started again;
        where spiders are named that it is ``only`` for, also if the next job is of another one.
        """
        number = new_number()
        found = self._engine.run(_POP, node, incarnation, number, *only)
        if found is None:
            return None
        job, message = found
        return Claimed(Claim(job, node, incarnation, number), json.loads(message))

    def states(self, jobs: Sequence[str]) -> dict[str, State]:
        """The state of each job that the engine knows.

        A job runs only while its node is heard of.
        """
        known: dict[str, State] = {}
        if len(jobs) > _ASKED_AT_ONCE:
            # The names alone are told some twenty times as fast as the states.
            waiting = self._waiting_jobs()
            known = {job: "pending" for job in jobs if job in waiting}
            jobs = [job for job in jobs if job not in waiting]
        for begin in range(0, len(jobs), _ASKED_AT_ONCE):
            known |= self._asked_states(jobs[begin : begin + _ASKED_AT_ONCE])
        return known

    def _waiting_jobs(self) -> set[str]:
        return set(self._engine.run(_WAITING_JOBS).split())

    def _asked_states(self, jobs: Sequence[str]) -> dict[str, State]:
        letters = zip(jobs, self._engine.run(_STATES, *jobs), strict=True)
        return {job: _STATE_OF[letter] for job, letter in letters if letter in _STATE_OF}

    def place(self, job: str) -> int | None:
        """The job's place in the queue, 1 for the next to run; None if it does not wait."""
        rank: int | None = self._engine.run(_PLACE, job)
        return None if rank is None else rank + 1

    def waiting(self) -> int:
        """How many jobs wait."""
        return int(self._engine.run(_WAITING))

    def first(self, number: int) -> list[Message]:
        """The jobs that run next, in their order."""
        return [json.loads(message) for message in self._engine.run(_FIRST, number)]

    def message(self, job: str) -> Message | None:
        """A job that waits or is claimed; None for others, and where the engine has lost it."""
        message: str | None = self._engine.run(_MESSAGE, job)
        return None if message is None else json.loads(message)

    def claims(self) -> dict[str, Claim]:
        """Every claim by its job, those of silent nodes too."""
        found = self._engine.run(_CLAIMS)
        pairs = zip(found[::2], found[1::2], strict=True)
        return {job: Claim.read(job, holder) for job, holder in pairs}

    def stop(self, job: str, signal: SignalName = "INT") -> State | None:
        """Take a waiting job off the queue, or have its node signal its process.

        Returns the state before. None if the engine does not know the job or its node is silent;
        that node sends the signal if it comes back.
        """
        state: State | None = self._engine.run(_STOP, job, signal, _FINISHED_SECONDS)
        return state

    def revoke(self, job: str) -> None:
        """Give a job up for ever: it is not popped or pushed again, and its process is killed."""
        self._engine.run(_REVOKE, job, _REVOKED_SECONDS)

    def forget(self, job: str) -> None:
        """Forget a job that has finished, so that another one can have its name."""
        self._engine.run(_FORGET, job)

    def finish(self, claim: Claim) -> None:
        """Record that a job's process has ended; do nothing if the claim is not valid any more."""
        self._engine.run(_FINISH, claim.job, claim.holder, _FINISHED_SECONDS)

    def release(self, claim: Claim) -> None:
        """Put a claimed job without a process back to its place in the queue.

        Do nothing if the claim is not valid any more. A job that was stopped meanwhile is finished.
        """
        self._engine.run(_RELEASE, claim.job, claim.holder, _FINISHED_SECONDS)
