"""Records of other processes: a damaged file counts as absent, is logged once, and is kept."""

import logging
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from category_crawler.delivery.report import DeliveryReport
from category_crawler.files.record_file import is_damaged, read_record, set_aside
from category_crawler.run.records import Progress, Summary
from tests.damage import DAMAGES
from tests.records import progress, summary


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.json"


@pytest.mark.parametrize("model", [Summary, Progress, DeliveryReport])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_no_record_counts_as_absent_and_is_told_of_once(
    path: Path,
    damage: Callable[[Path], None],
    model: type[Summary],
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(path)
    assert [read_record(path, model) for _ in range(3)] == [None] * 3
    (line,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert str(path) in line.getMessage()
    assert len(line.getMessage()) < 200 + len(str(path)) + 100
    assert is_damaged(path, model)


def test_what_is_not_there_is_not_damaged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_record(path, Summary) is None
    assert read_record(path / "below", Summary) is None
    assert not is_damaged(path, Summary)
    assert caplog.records == []


def test_another_damage_of_the_same_file_is_told_of_too(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for text in ("{", "[]"):
        path.write_text(text)
        read_record(path, Summary)
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stage", "5"),
        ("stage", '"running"'),
        ("asin_count", '"x"'),
        ("asin_count", "-1"),
        ("asin_count", "1.5"),
        ("asin_count", "true"),
        ("asin_count", "1" + "0" * 5000),
        ("coverage", "null"),
        ("coverage", '{"complete": true, "why": "x"}'),
        ("coverage", '{"complete": false, "why": "x", "found": "many"}'),
        ("failed_reason", '"blocked"'),
        ("finished_at", '"yesterday"'),
        ("finished_at", '"2026-13-45T00:00:00Z"'),
        ("session", '{"domain": 1}'),
        ("warnings", '"none"'),
    ],
)
def test_a_wrongly_typed_field_is_not_believed(path: Path, field: str, value: str) -> None:
    text = summary().model_dump_json(exclude={field})
    path.write_text(f'{text[:-1]}, "{field}": {value}}}')
    assert read_record(path, Summary) is None


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "-1", '"60"', "null"])
def test_a_pause_that_never_ends_is_not_believed(path: Path, seconds: str) -> None:
    text = progress(pause=60).model_dump_json()
    path.write_text(text.replace("60.0", seconds))
    assert seconds in path.read_text()
    assert read_record(path, Progress) is None


def test_a_record_reads_back_and_fields_of_other_versions_are_left_aside(path: Path) -> None:
    for made in (summary(), summary("failed")):
        path.write_text(made.model_dump_json()[:-1] + ', "later": 1}')
        assert read_record(path, Summary) == made
    path.write_text(progress(pause=5).model_dump_json())
    assert read_record(path, Progress) == progress(pause=5)
    assert "pause" not in progress().shown()


def test_no_room_for_open_files_says_nothing_about_the_file(path: Path) -> None:
    path.write_text(summary().model_dump_json())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            read_record(path, Summary)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert read_record(path, Summary) == summary()


def test_what_is_set_aside_never_replaces_what_was(path: Path) -> None:
    for text in ("one", "two"):
        path.write_text(text)
        set_aside(path)
    path.mkdir()
    set_aside(path)
    assert not path.exists()
    kept = sorted(path.parent.iterdir())
    assert [file.name for file in kept] == [f"record.json.damaged{n}" for n in ("", "1", "2")]
    assert [file.read_text() for file in kept[:2]] == ["one", "two"]
