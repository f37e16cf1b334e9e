"""The contract's priorities, and their places in the queue."""

from collections.abc import Mapping
from types import MappingProxyType

PRIORITIES: Mapping[str, float] = MappingProxyType(
    {"Highest": 2.0, "High": 1.0, "Normal": 0.0, "Low": -1.0, "Lowest": -2.0}
)
"""The highest number runs first."""
HIGHEST_PRIORITY = "Highest"
NORMAL = 0.0


def place_of_priority(name: str) -> float:
    """The place of a priority; that of Normal for a name that an older version stored."""
    return PRIORITIES.get(name, NORMAL)
