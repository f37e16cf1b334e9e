"""How many requests a credential may make, or an address where there is no good credential."""

import time
from math import ceil

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimit:
    """Counts in memory: one process serves the API, and a restart may forget."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate) if rate else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, who: str) -> int:
        """Seconds until this request may be made; 0 where it may, and is counted."""
        if self._rate is None or self._limiter.hit(self._rate, who):
            return 0
        return max(
            1, ceil(self._limiter.get_window_stats(self._rate, who).reset_time - time.time())
        )
