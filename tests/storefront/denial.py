"""Pages that say "No results" although there are results."""

import re
from collections import Counter

from tests.storefront.switches import Switches


class Denial:
    """Decides by the switches which requests get such a page."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._said: Counter[str] = Counter()

    def is_due(self, address: str) -> bool:
        """Whether this request gets a "No results" page; each call counts as a request."""
        pattern, most = self._switches.no_results_on, self._switches.no_results_times
        if not (pattern and re.search(pattern, address)):
            return False
        self._said[address] += 1
        return not 0 < most < self._said[address]
