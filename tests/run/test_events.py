"""The file of what happens in a run: bounded, whole after a kill, harmless where it breaks."""

from pathlib import Path

from category_crawler.run.events import LONGEST, Event, EventFile, EventKind
from category_crawler.run.reader import EVENTS, RunFolder

AT = "2026-01-01T00:00:00Z"


def retried(page: int) -> Event:
    return Event(at=AT, kind=EventKind.RETRIED, page=page, seconds=4.5, reason="503")


def test_events_come_back_newest_first(tmp_path: Path) -> None:
    file = EventFile(tmp_path / EVENTS)
    for page in range(5):
        file.add(retried(page))
    file.close()
    found = RunFolder(tmp_path).events(3)
    assert found == [retried(4), retried(3), retried(2)]
    assert RunFolder(tmp_path / "elsewhere").events(3) == []


def test_the_file_never_grows_beyond_its_bound_and_keeps_the_latest(tmp_path: Path) -> None:
    file, path = EventFile(tmp_path / EVENTS), tmp_path / EVENTS
    largest = 0
    for page in range(4000):
        file.add(retried(page))
        largest = max(largest, path.stat().st_size)
    file.close()
    assert LONGEST / 2 < largest <= LONGEST + 200
    found = RunFolder(tmp_path).events(10_000)
    assert [event.page for event in found] == [*range(3999, 3999 - len(found), -1)]
    assert len(found) > 500


def test_half_a_line_of_a_killed_spider_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / EVENTS
    first = EventFile(path)
    first.add(retried(1))
    first.add(retried(2))
    first.close()
    path.write_bytes(path.read_bytes()[:-20])
    second = EventFile(path)
    second.add(retried(3))
    second.close()
    assert [event.page for event in RunFolder(tmp_path).events(9)] == [3, 1]


def test_where_the_file_cannot_be_written_the_crawl_goes_on(tmp_path: Path) -> None:
    (tmp_path / EVENTS).mkdir()
    file = EventFile(tmp_path / EVENTS)
    file.add(retried(1))
    file.add(retried(2))
    file.close()
    assert RunFolder(tmp_path).events(9) == []


def test_a_long_reason_is_cut() -> None:
    assert len(Event.reason_of("x" * 1000)) == 300
    assert Event.reason_of("short") == "short"
