"""The pace of one machine: a small file for each lane holds the moment of its next free turn."""

import logging
import struct
import time
from contextlib import suppress
from pathlib import Path

from filelock import AsyncFileLock

from category_crawler.pace.lane import Lane

logger = logging.getLogger(__name__)

_MOMENT = struct.Struct("=d")
_MOST_WAITING = 500
"""Turns reserved in advance, at most; a moment further ahead is from before a restart."""
_LOCK_POLL_SECONDS = 0.005


class LaneFiles:
    """A :class:`.lane.Pace` over files in a folder.

    A lock is held only while a moment is read and written, and the end of a process releases it.
    Moments are by the monotonic clock, which all processes of a machine share.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own_next: dict[Lane, float] = {}
        """This process's next turns, which count where the files cannot be used."""

    async def reserve(self, lane: Lane, gap: float) -> float:
        path = self._folder / lane.file_name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            async with AsyncFileLock(f"{path}.lock", poll_interval=_LOCK_POLL_SECONDS):
                now = time.monotonic()
                turn = _turn(_read(path), now, gap)
                _write(path, turn + gap)
        except OSError as error:
            logger.warning(
                "The pace of %s cannot be shared with other runs (%s)", lane.host, error.strerror
            )
            now = time.monotonic()
            turn = _turn(self._own_next.get(lane, now), now, gap)
        self._own_next[lane] = turn + gap
        return turn - now

    async def confirm(self) -> None:
        """Nobody gives up a job of this machine while its process runs."""


def lanes_in(folder: Path) -> dict[Lane, float]:
    """The lanes that were ever asked, and in how many seconds the next free turn of each is."""
    now, found = time.monotonic(), dict[Lane, float]()
    for path in sorted(folder.glob("*")):
        with suppress(ValueError, OSError):
            # The lock beside a lane's file, and what is no file of ours, have other names.
            if path.suffix != ".lock":
                found[Lane.named(path.name)] = max(0.0, _read(path) - now)
    return found


def _turn(free: float, now: float, gap: float) -> float:
    """The moment of the next turn, where ``free`` is the next that nobody has."""
    return free if now < free <= now + gap * _MOST_WAITING else now


def _read(path: Path) -> float:
    with suppress(FileNotFoundError, struct.error):
        (moment,) = _MOMENT.unpack(path.read_bytes())
        return float(moment)
    return 0.0


def _write(path: Path, moment: float) -> None:
    path.write_bytes(_MOMENT.pack(moment))
