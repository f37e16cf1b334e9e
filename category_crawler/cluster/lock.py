"""Locks that one process of the cluster holds at a time."""

import asyncio
import atexit
import logging
import secrets
import threading

from category_crawler.cluster.engine import Engine, EngineAway, engine_of_cluster
from category_crawler.cluster.keys import Script
from category_crawler.cluster.membership import lease

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.3
# Whoever holds a lock that the engine has lost takes it again.
_HOLD = Script("""
local holder = redis.call('GET', lock_key(ARGV[1]))
if holder and holder ~= ARGV[2] then return 0 end
redis.call('SET', lock_key(ARGV[1]), ARGV[2], 'PX', ARGV[3])
return 1
""")
_DROP = Script("""
if redis.call('GET', lock_key(ARGV[1])) == ARGV[2] then redis.call('DEL', lock_key(ARGV[1])) end
""")


class EngineLock:
    """A lock in the engine. A process that is killed or frozen loses it after a lease."""

    def __init__(self, engine: Engine, name: str, seconds: float) -> None:
        self._engine, self._name, self._seconds = engine, name, seconds
        self._token = secrets.token_hex(8)
        self._is_released = threading.Event()

    async def acquire(self) -> None:
        """Wait for the lock, also while the engine is away, and keep it until it is released."""
        while not await asyncio.to_thread(self._try):
            await asyncio.sleep(_POLL_SECONDS)
        atexit.register(self.drop)
        threading.Thread(target=self._keep, daemon=True).start()

    async def release(self) -> None:
        """Release the lock; the end of the process does it too."""
        await asyncio.to_thread(self.drop)

    def hold(self) -> bool:
        """Take the lock for the length of a lease, or keep it; False if another holds it.

        Raises EngineAway.
        """
        answer = self._engine.run(_HOLD, self._name, self._token, round(self._seconds * 1000))
        return bool(answer)

    def drop(self) -> None:
        """Release the lock, now or within a lease."""
        self._is_released.set()
        atexit.unregister(self.drop)
        try:
            self._engine.run(_DROP, self._name, self._token)
        except EngineAway as error:
            logger.warning("The lock %s is free in %.0f s: %s", self._name, self._seconds, error)

    def _keep(self) -> None:
        while not self._is_released.wait(self._seconds / 5):
            self._try()

    def _try(self) -> bool:
        try:
            return self.hold()
        except EngineAway:
            return False


def session_lock(domain: str, postcode: str) -> EngineLock:
    """The lock of a delivery session, in the cluster that this machine belongs to."""
    return EngineLock(engine_of_cluster(), f"session:{domain}:{postcode}", lease())
