"""One pace for one shop: turns of a lane, shared by processes that may die."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from category_crawler.files.home import PROJECT
from category_crawler.pace.lane import Lane
from category_crawler.pace.lane_files import LaneFiles

LANE = Lane("www.amazon.com.au", "direct")
_RESERVE = """
import asyncio, sys
from pathlib import Path
from category_crawler.pace.lane import Lane
from category_crawler.pace.lane_files import LaneFiles

async def reserve():
    pace = LaneFiles(Path(sys.argv[1]))
    for _ in range(20):
        await pace.reserve(Lane("www.amazon.com.au", "direct"), 10)

asyncio.run(reserve())
"""
_HOLD = """
import sys, time
from filelock import FileLock

lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


def reserve(folder: Path, lane: Lane = LANE, gap: float = 10) -> float:
    return asyncio.run(LaneFiles(folder).reserve(lane, gap))


def test_the_first_turn_is_now_and_each_further_one_a_gap_later(tmp_path: Path) -> None:
    waits = [reserve(tmp_path) for _ in range(3)]
    assert waits[0] == 0
    assert 9 < waits[1] <= 10
    assert 18 < waits[2] <= 20


def test_other_shops_and_other_exits_have_turns_of_their_own(tmp_path: Path) -> None:
    reserve(tmp_path)
    assert reserve(tmp_path, Lane("www.amazon.de", "direct")) == 0
    assert reserve(tmp_path, Lane("www.amazon.com.au", "10.0.0.1:3128")) == 0
    assert reserve(tmp_path) > 0


def test_a_lane_names_the_proxy_without_its_password() -> None:
    lane = Lane.of("https://www.amazon.com.au/s?rh=n%3A1", "http://ann:hush@10.0.0.1:3128")
    assert lane == Lane("www.amazon.com.au", "10.0.0.1:3128")
    assert "hush" not in lane.file_name
    assert "/" not in lane.file_name
    assert Lane.of("https://www.amazon.com.au/", None) == LANE


def test_no_turn_is_given_out_twice(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RESERVE, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=PROJECT) for _ in range(5)]
    assert [process.wait(60) for process in processes] == [0] * 5
    assert 900 < reserve(tmp_path) <= 1000, "a hundred turns of ten seconds"


def test_a_killed_process_holds_nothing_up(tmp_path: Path) -> None:
    reserve(tmp_path)
    lock = f"{tmp_path / LANE.file_name}.lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, lock], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            with pytest.raises(TimeoutError):
                asyncio.run(asyncio.wait_for(LaneFiles(tmp_path).reserve(LANE, 10), 0.2))
        finally:
            os.kill(holder.pid, signal.SIGKILL)
    assert 9 < reserve(tmp_path) <= 10


def test_a_moment_from_before_a_restart_does_not_count(tmp_path: Path) -> None:
    reserve(tmp_path)
    (tmp_path / LANE.file_name).write_bytes(struct.pack("=d", time.monotonic() + 10**7))
    assert reserve(tmp_path) == 0


@pytest.mark.parametrize("content", [b"", b"abc", b"\0" * 9, b"\xff" * 8])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LANE.file_name).write_bytes(content)
    assert reserve(tmp_path) == 0
    assert reserve(tmp_path) > 9


def test_where_no_file_can_be_written_a_process_keeps_its_own_pace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pace").write_text("no folder")
    pace = LaneFiles(tmp_path / "pace")
    assert asyncio.run(pace.reserve(LANE, 10)) == 0
    assert 9 < asyncio.run(pace.reserve(LANE, 10)) <= 10
    assert "The pace of www.amazon.com.au cannot be shared with other runs" in caplog.text


def test_the_lock_is_free_afterwards(tmp_path: Path) -> None:
    reserve(tmp_path)
    FileLock(f"{tmp_path / LANE.file_name}.lock").acquire(timeout=0)
