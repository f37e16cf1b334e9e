"""The rate limit of each credential, and of each address without a valid one."""

import time
from math import ceil

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimit:
    """Counts in memory, because one process serves the API; a restart resets the counts."""

    def __init__(self, rate: str) -> None:
        self._rate = parse(rate) if rate else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, who: str) -> int:
        """Count a request; return 0, or the seconds until it is allowed."""
        if self._rate is None or self._limiter.hit(self._rate, who):
            return 0
        return max(
            1, ceil(self._limiter.get_window_stats(self._rate, who).reset_time - time.time())
        )
