"""Live processes over a home folder, found by their environment: orphans have no parent to ask."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_JOB = b"_job="


def spiders_over(home: Path, node: str = "") -> dict[int, str]:
    """Numbers of the spiders' processes, each with its job's name; of one node, or of all."""
    found = {}
    for number, command in _over(home, node):
        jobs = [part for part in command.split(b"\0") if part.startswith(_JOB)]
        if jobs:
            found[number] = jobs[0].removeprefix(_JOB).decode()
    return found


def numbers_over(home: Path, node: str = "") -> list[int]:
    """Numbers of all processes that were started over a home, or on its node, and live on."""
    return [number for number, _ in _over(home, node)]


def parent_of(number: int) -> int | None:
    """The number of a process's parent, or None where the process is gone."""
    with suppress(OSError):
        # The name, in brackets before it, may hold anything.
        status = Path("/proc", str(number), "stat").read_text().rpartition(")")[2]
        return int(status.split()[1])
    return None


def kill(number: int) -> bool:
    """Kill a process; whether it was there."""
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def kill_all_over(home: Path) -> None:
    """Kill what has been started over a home and is still there."""
    for number, _ in _over(home):
        kill(number)


def processor_seconds(number: int) -> float:
    """How long all threads of a process have worked, in the system and in itself."""
    # The clock of another process, as clock_getcpuclockid(3) computes it on Linux.
    return time.clock_gettime((~number << 3) | 2)


def forget_peak_memory(number: int) -> None:
    """Let a process's peak memory begin anew."""
    Path("/proc", str(number), "clear_refs").write_text("5")


def peak_memory(number: int) -> int:
    """The most memory that a process has held since it began or was forgotten, in bytes.

    Raises OSError or ValueError where the process is gone.
    """
    status = Path("/proc", str(number), "status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _over(home: Path, node: str = "") -> Iterator[tuple[int, bytes]]:
    markers = {f"CATEGORY_CRAWLER_HOME={home}".encode()}
    if node:
        markers.add(f"CATEGORY_CRAWLER_NODE={node}".encode())
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if markers <= {*(process / "environ").read_bytes().split(b"\0")}:
                yield int(process.name), (process / "cmdline").read_bytes()
