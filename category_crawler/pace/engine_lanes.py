"""The pace of a cluster: the engine holds the moment of each lane's next free turn."""

import asyncio
import logging
import os
from typing import Any

from category_crawler.cluster.claim import Claim
from category_crawler.cluster.engine import Engine, EngineAway
from category_crawler.cluster.keys import Script
from category_crawler.cluster.membership import CLAIM
from category_crawler.pace.lane import Lane, NoTurnEver, NoTurnNow

logger = logging.getLogger(__name__)

_MOST_WAITING = 500
"""Turns reserved in advance, at most; a moment further ahead is by another clock."""
_DAY = 86400 * 1_000_000

# A claim that the engine does not know may be one that it has lost: its node will bring it back.
_SHARED = """
local job, claim = ARGV[1], ARGV[2]
local function refusal()
  if job == '' then return end
  local state, held = fields(job, 'state', 'claim')
  if held == claim then return end
  return (not state or state == 'waiting') and 'unknown' or 'lost'
end
"""
_CHECK = Script(f"{_SHARED} return refusal()")
# Turns may have been given out that a lane without a moment does not show: the engine lost it.
_RESERVE = Script(f"""{_SHARED}
local lane, gap, most = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local refused = refusal()
if refused then return refused end
local moment = now()
local turn = tonumber(redis.call('ZSCORE', LANES, lane) or moment + gap)
if turn < moment then turn = moment
elseif turn > moment + gap * most then turn = moment + gap end
redis.call('ZADD', LANES, turn + gap, lane)
return turn - moment
""")
_LANES = Script("""
local moment, found = now(), {}
redis.call('ZREMRANGEBYSCORE', LANES, '-inf', moment - ARGV[1])
local lanes = redis.call('ZRANGE', LANES, 0, -1, 'WITHSCORES')
for i = 1, #lanes, 2 do
  table.insert(found, lanes[i])
  table.insert(found, math.max(0, lanes[i + 1] - moment))
end
return found
""")


class EngineLanes:
    """A :class:`.lane.Pace` that all spiders of a cluster share.

    Each call shows the spider's claim. A spider that nobody has claimed, such as one that was
    started in a terminal, shows none.
    """

    def __init__(self, engine: Engine, claim: Claim | None = None) -> None:
        self._engine = engine
        self._claim = (claim.job, claim.holder) if claim else ("", "")
        self._is_away = False

    async def reserve(self, lane: Lane, gap: float) -> float:
        microseconds = round(gap * 1_000_000)
        answer = await self._ask(_RESERVE, lane.file_name, microseconds, _MOST_WAITING)
        return int(answer) / 1_000_000

    async def confirm(self) -> None:
        await self._ask(_CHECK)

    async def _ask(self, script: Script, *arguments: str | float) -> Any:
        try:
            answer = await asyncio.to_thread(self._engine.run, script, *self._claim, *arguments)
        except EngineAway as error:
            if not self._is_away:
                logger.warning("No page is asked for until the engine is back: %s", error)
            self._is_away = True
            raise NoTurnNow("the service that keeps the pace does not answer") from None
        self._is_away = False
        if answer == "unknown":
            raise NoTurnNow("the service that keeps the pace does not know the job yet")
        if answer == "lost":
            raise NoTurnEver("the job was given up, or is another node's now")
        return answer


def own_lanes(engine: Engine) -> EngineLanes:
    """The pace of this process, under the claim in its environment."""
    text = os.environ.get(CLAIM, "")
    return EngineLanes(engine, Claim.from_text(text) if text else None)


def lanes_in_engine(engine: Engine) -> dict[Lane, float]:
    """The lanes asked within a day, and in how many seconds the next free turn of each is.

    Raises EngineAway.
    """
    found = engine.run(_LANES, _DAY)
    pairs = sorted(zip(found[::2], found[1::2], strict=True))
    return {Lane.named(name): int(ahead) / 1_000_000 for name, ahead in pairs}
