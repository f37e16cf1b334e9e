"""The cluster's nodes: what each says of itself, and what each is told."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from category_crawler.cluster.claim import Claim
from category_crawler.cluster.engine import Engine
from category_crawler.cluster.keys import Script
from category_crawler.cluster.queue import SignalName

_REMEMBERED_SECONDS = 86400

_ENROLL = Script("return string.format('%014x', now())")
# The order of strings is the order of starts. Whoever says that it runs a job which the engine has
# forgotten, or holds as waiting since an older copy of its data was loaded, has it back.
_BEAT = Script("""
local node, incarnation, lease, clock, report, drained = unpack(ARGV, 1, 6)
local current = redis.call('GET', beat_key(node))
if current and current > incarnation then return {'superseded'} end
if drained == '1' and redis.call('HEXISTS', NODES, node) == 0 then
  redis.call('SADD', DRAINED, node)
end
redis.call('SET', beat_key(node), incarnation, 'PX', lease)
local seen = now()
local ahead = math.floor(clock - seen)
redis.call('HSET', NODES, node, string.format('%.0f %.0f ', seen, ahead) .. report)

local said, signals, lost, unknown = {}, {}, {}, {}
for i = 7, #ARGV, 2 do
  local job, claim = ARGV[i], ARGV[i + 1]
  local state, held, signal = fields(job, 'state', 'claim', 'signal')
  said[job] = claim
  if held == claim then
    if signal then table.insert(signals, job); table.insert(signals, signal) end
  elseif not state or state == 'waiting' then claim_job(job, claim)
  else table.insert(lost, job) end
end
local own = node .. ' ' .. incarnation .. ' '
local claims = redis.call('HGETALL', claims_key(node))
for i = 1, #claims, 2 do
  local job, claim = claims[i], claims[i + 1]
  if string.sub(claim, 1, #own) == own and said[job] ~= claim then
    table.insert(unknown, job); table.insert(unknown, claim)
  end
end
local is_drained, waiting = redis.call('SISMEMBER', DRAINED, node), redis.call('ZCARD', QUEUE)
return {'', is_drained, waiting, signals, lost, unknown}
""")
_LIST = Script("""
local moment, found = now(), {}
for _, node in ipairs(redis.call('HKEYS', NODES)) do
  local seen, ahead, report = string.match(redis.call('HGET', NODES, node), '^(%S+) (%S+) (.*)$')
  local since = moment - seen
  if since > ARGV[1] * 1000000 then
    redis.call('HDEL', NODES, node)
    redis.call('DEL', claims_key(node))
  else
    local incarnation = redis.call('GET', beat_key(node)) or ''
    local drained = redis.call('SISMEMBER', DRAINED, node)
    table.insert(found, {report, incarnation, drained, string.format('%.0f', since), ahead})
  end
end
return found
""")
_DRAIN = Script("""
redis.call('SADD', DRAINED, ARGV[1])
return redis.call('HEXISTS', NODES, ARGV[1])
""")
_RESUME = Script("""
redis.call('SREM', DRAINED, ARGV[1])
return redis.call('HEXISTS', NODES, ARGV[1])
""")


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a node says of itself."""

    name: str
    incarnation: str
    """Which start of the node; see :meth:`Nodes.enroll`."""
    version: str
    """The version of its program."""
    slots: int
    exit: str
    console: str
    """The address of its Scrapyd console."""
    clock: float
    """Seconds since 1970 by its own clock."""
    is_drained: bool = False
    """Whether it was told that it is; counts where the engine has lost its data."""
    claims: tuple[Claim, ...] = field(default=(), repr=False)
    """The claims that it knows: of jobs that run, or whose end it has not told yet."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal for a job's process."""

    name: SignalName
    number: int
    """Grows with each request for a signal: each is sent once."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a node is told."""

    is_superseded: bool = False
    """Whether the node has been started again, elsewhere or later: this start must end."""
    is_drained: bool = False
    waiting: int = 0
    """How many jobs wait."""
    signals: dict[str, Signal] = field(default_factory=dict)
    """The newest signal for each of its jobs."""
    lost: tuple[str, ...] = ()
    """Jobs that it must kill: they are revoked, or others have claimed them."""
    unknown: tuple[Claim, ...] = ()
    """Its claims of which it says nothing: the answer to a pop was lost, say."""


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A node as the engine knows it."""

    name: str
    incarnation: str
    version: str
    slots: int
    exit: str
    console: str
    jobs: tuple[str, ...]
    is_alive: bool
    is_drained: bool
    silent_seconds: float
    """Since its latest report."""
    clock_ahead: float
    """Seconds by which its clock was ahead of the engine's; the report's way is in it."""


class Nodes:
    """The cluster's nodes. Every method may raise EngineAway."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enroll(self) -> str:
        """A name for a node's new start; of two starts, the later has the greater name."""
        return f"{self._engine.run(_ENROLL)}-{secrets.token_hex(4)}"

    def beat(self, report: NodeReport, lease: float) -> Orders:
        """Keep a node's claims for another ``lease`` seconds, and return what it has to do.

        Takes back the claims that the engine has forgotten.
        """
        claims = [part for claim in report.claims for part in (claim.job, claim.holder)]
        told = self._engine.run(
            _BEAT,
            report.name,
            report.incarnation,
            round(lease * 1000),
            round(report.clock * 1_000_000),
            _written(report),
            int(report.is_drained),
            *claims,
        )
        if len(told) == 1:
            return Orders(is_superseded=True)
        _, drained, waiting, signals, lost, unknown = told
        return Orders(
            is_drained=bool(drained),
            waiting=waiting,
            signals={job: _signal(text) for job, text in _pairs(signals)},
            lost=tuple(lost),
            unknown=tuple(Claim.read(job, holder) for job, holder in _pairs(unknown)),
        )

    def list(self) -> list[NodeSeen]:
        """The nodes heard of within a day, by name; older ones are forgotten."""
        found = (_seen(*values) for values in self._engine.run(_LIST, _REMEMBERED_SECONDS))
        return sorted(found, key=lambda node: node.name)

    def drain(self, name: str) -> bool:
        """Let a node take no more jobs; whether the node is known."""
        return bool(self._engine.run(_DRAIN, name))

    def resume(self, name: str) -> bool:
        """Let a drained node take jobs again; whether the node is known."""
        return bool(self._engine.run(_RESUME, name))


def _written(report: NodeReport) -> str:
    told = {name: getattr(report, name) for name in _TOLD}
    return json.dumps(told | {"jobs": [claim.job for claim in report.claims]})


_TOLD = ("name", "incarnation", "version", "slots", "exit", "console")


def _seen(report: str, alive: str, drained: int, silent: str, ahead: str) -> NodeSeen:
    told: dict[str, Any] = json.loads(report)
    return NodeSeen(
        **told | {"jobs": tuple(told["jobs"])},
        is_alive=alive == told["incarnation"],
        is_drained=bool(drained),
        silent_seconds=int(silent) / 1_000_000,
        clock_ahead=int(ahead) / 1_000_000,
    )


def _signal(text: str) -> Signal:
    name, number = text.split(" ")
    return Signal("KILL" if name == "KILL" else "INT", int(number))


def _pairs(values: list[str]) -> Iterable[tuple[str, str]]:
    return zip(values[::2], values[1::2], strict=True)
