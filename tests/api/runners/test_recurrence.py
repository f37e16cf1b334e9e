"""When runs are due: around the changes of the clocks, against a walk from minute to minute."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.runners.recurrence import InvalidRecurrence, Recurrence
from api.store.schedules import StoredRecurrence
from category_crawler.fault import faults_of
from category_crawler.files.home import PROJECT

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SYDNEY, BERLIN, LORD_HOWE = "Australia/Sydney", "Europe/Berlin", "Australia/Lord_Howe"
CHANGES = [
    (SYDNEY, date(2026, 4, 5)),
    (SYDNEY, date(2026, 10, 4)),
    (BERLIN, date(2026, 3, 29)),
    (BERLIN, date(2026, 10, 25)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2027, 3, 14)),
    (LORD_HOWE, date(2026, 4, 5)),
    (LORD_HOWE, date(2026, 10, 4)),
    ("America/Santiago", date(2026, 9, 6)),
    ("America/Santiago", date(2027, 4, 3)),
    ("Antarctica/Troll", date(2026, 3, 29)),
    ("Antarctica/Troll", date(2026, 10, 25)),
]
"""Days on which clocks go forward or back: by an hour, half an hour, two; at night, at midnight."""


def times(recurrence: Recurrence, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every moment between the two at which a run is due."""
    while (found := recurrence.following(after)) is not None and found < until:
        assert found > after
        yield found
        after = found


def around(zone: str, day: date, **fields: Any) -> list[str]:
    """When runs are due on a day and the days beside it, as the clocks of the zone show it."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    begin, end = (midnight - DAY).astimezone(UTC), (midnight + 2 * DAY).astimezone(UTC)
    due = times(Recurrence(timezone=zone, **fields), begin - timedelta(seconds=1), end)
    return [one.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %z") for one in due]


@pytest.mark.parametrize(
    ("zone", "day", "at", "due"),
    [
        (
            SYDNEY,
            date(2026, 10, 4),
            "06:00",
            ["03 06:00 +1000", "04 06:00 +1100", "05 06:00 +1100"],
        ),
        (
            SYDNEY,
            date(2026, 10, 4),
            "02:30",
            ["03 02:30 +1000", "04 03:00 +1100", "05 02:30 +1100"],
        ),
        (
            SYDNEY,
            date(2026, 10, 4),
            "02:00",
            ["03 02:00 +1000", "04 03:00 +1100", "05 02:00 +1100"],
        ),
        (SYDNEY, date(2026, 4, 5), "02:30", ["04 02:30 +1100", "05 02:30 +1100", "06 02:30 +1000"]),
        (
            BERLIN,
            date(2026, 3, 29),
            "02:30",
            ["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"],
        ),
        (
            BERLIN,
            date(2026, 10, 25),
            "02:30",
            ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"],
        ),
        (
            LORD_HOWE,
            date(2026, 10, 4),
            "02:10",
            ["03 02:10 +1030", "04 02:30 +1100", "05 02:10 +1100"],
        ),
        (
            LORD_HOWE,
            date(2026, 4, 5),
            "01:40",
            ["04 01:40 +1100", "05 01:40 +1100", "06 01:40 +1030"],
        ),
        (
            "America/Santiago",
            date(2026, 9, 6),
            "00:00",
            ["05 00:00 -0400", "06 01:00 -0300", "07 00:00 -0300"],
        ),
    ],
)
def test_a_day_has_one_daily_run(zone: str, day: date, at: str, due: list[str]) -> None:
    assert around(zone, day, every="daily", at=at) == due


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("minute", [0, 10, 30])
def test_hourly_runs_follow_real_time(zone: str, day: date, minute: int) -> None:
    shown = around(zone, day, every="hourly", at=f"06:{minute:02}")
    due = [datetime.strptime(f"2000 1 {one}", "%Y %m %d %H:%M %z") for one in shown]
    gaps = [later - earlier for earlier, later in pairwise(due)]
    if zone != LORD_HOWE:
        assert {gap % DAY for gap in gaps} == {HOUR}
        return
    assert {one.minute for one in due} <= {minute, 30}
    assert len(due) == 72
    assert min(gaps) >= HOUR / 2
    assert max(gaps) <= 1.5 * HOUR
    assert sum(gap != HOUR for gap in gaps) in (1, 2)


@pytest.mark.parametrize("day", [day for zone, day in CHANGES if zone == LORD_HOWE])
def test_quarters_of_an_hour_are_not_moved_by_half_an_hour(day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(LORD_HOWE)).astimezone(UTC)
    quarters = Recurrence(timezone=LORD_HOWE, cron="*/15 * * * *")
    due = [*times(quarters, midnight, midnight + DAY)]
    assert {b - a for a, b in pairwise(due)} == {timedelta(minutes=15)}


def test_every_second_hour_is_neither_left_out_nor_twice() -> None:
    spring = around(SYDNEY, date(2026, 10, 4), cron="0 */2 * * *")
    autumn = around(SYDNEY, date(2026, 4, 5), cron="0 */2 * * *")
    assert len(spring) == len(autumn) == 36
    assert spring[12:15] == ["04 00:00 +1000", "04 03:00 +1100", "04 04:00 +1100"]
    assert autumn[12:15] == ["05 00:00 +1100", "05 02:00 +1100", "05 04:00 +1000"]


def walked(
    zone: ZoneInfo, begin: datetime, end: datetime, hours: set[int], minutes: set[int]
) -> Iterator[datetime]:
    """When runs are due by the rules of the module, found by watching a clock minute by minute."""
    seen: set[datetime] = set()
    moment, shown = begin, (begin - MINUTE).astimezone(zone).replace(tzinfo=None)
    while moment < end:
        now = moment.astimezone(zone).replace(tzinfo=None)
        jump = int((now - shown) / MINUTE) - 1
        moved = {(minute + jump) % 60 for minute in minutes}
        if jump:
            in_real_time = len(hours) == 24 and moved == minutes
            forgets = in_real_time and jump < 0
        passed = [now - step * MINUTE for step in range(jump + 1)] if jump > 0 else [now]
        if jump > 0 and in_real_time:
            passed = [now]
        if jump < 0 and forgets:
            seen.clear()
        if any(t.hour in hours and t.minute in minutes and t not in seen for t in passed):
            yield moment
        seen.update(passed)
        moment, shown = moment + MINUTE, now


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from(CHANGES),
    st.one_of(st.just(set(range(24))), st.sets(st.integers(0, 23), min_size=1, max_size=5)),
    st.one_of(
        st.sampled_from([{0, 30}, {0, 15, 30, 45}, set(range(0, 60, 10))]),
        st.sets(st.integers(0, 59), min_size=1, max_size=4),
    ),
)
def test_against_a_walk_from_minute_to_minute(
    change: tuple[str, date], hours: set[int], minutes: set[int]
) -> None:
    zone, day = ZoneInfo(change[0]), change[1]
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    begin, end = midnight - 6 * HOUR, midnight + 30 * HOUR
    written = ",".join(map(str, minutes)), ",".join(map(str, hours))
    recurrence = Recurrence(timezone=zone.key, cron=f"{' '.join(written)} * * *")
    expected = [*walked(zone, begin, end, hours, minutes)]
    assert [*times(recurrence, begin - MINUTE, end)] == expected
    # From wherever one looks, the next is the same.
    for moment in (midnight + step * timedelta(minutes=7) for step in range(60)):
        assert recurrence.following(moment) == next(
            (one for one in expected if one > moment), recurrence.following(moment)
        )


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"every": "hourly"}, "2026-07-15T11:00:00Z"),
        ({"every": "hourly", "at": "06:45"}, "2026-07-15T10:45:00Z"),
        ({"every": "daily"}, "2026-07-16T00:00:00Z"),
        ({"every": "daily", "at": "10:30"}, "2026-07-16T10:30:00Z"),
        ({"every": "weekly", "at": "06:00"}, "2026-07-20T06:00:00Z"),
        ({"every": "monthly", "at": "06:00"}, "2026-08-01T06:00:00Z"),
        ({"cron": "0 6 * * 7"}, "2026-07-19T06:00:00Z"),
        ({"cron": "0 6 * * sun"}, "2026-07-19T06:00:00Z"),
        ({"cron": "0 6 29 2 *"}, "2028-02-29T06:00:00Z"),
        ({"cron": "31 10 15 7 *"}, "2026-07-15T10:31:00Z"),
        ({"cron": "0 6 L * *"}, "2026-07-31T06:00:00Z"),
    ],
)
def test_the_next_time(fields: dict[str, str], due: str) -> None:
    recurrence = Recurrence(timezone="UTC", **fields)
    assert recurrence.time_after(datetime(2026, 7, 15, 10, 30, tzinfo=UTC)) == due


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ("0 6 * * *", "schedule", "it must be an object such as"),
        ([], "schedule", "it must be an object such as"),
        ({"timezone": "UTC"}, "schedule", "name either cron or every"),
        (
            {"timezone": "UTC", "cron": "0 6 * * *", "every": "daily"},
            "schedule",
            "name either cron or every",
        ),
        (
            {"timezone": "UTC", "cron": "0 6 * * *", "at": "06:00"},
            "schedule",
            "at only beside every",
        ),
        ({"cron": "0 6 * * *"}, "schedule.timezone", "is missing"),
        ({"cron": "0 6 * * *", "timezone": 1}, "schedule.timezone", "is 1: it must be a string"),
        ({"cron": "0 6 * * *", "timezone": ""}, "schedule.timezone", "such as Australia/Sydney"),
        ({"cron": "0 6 * * *", "timezone": "right/UTC"}, "schedule.timezone", "must be a name"),
        ({"cron": "0 6 * * *", "timezone": "../UTC"}, "schedule.timezone", "must be a name"),
        ({"cron": "0 6 * * *", "timezone": "America"}, "schedule.timezone", "must be a name"),
        (
            {"cron": "0 6 * * *", "timezone": "australia/sydney"},
            "schedule.timezone",
            "did you mean Australia/Sydney?",
        ),
        ({"timezone": "UTC", "cron": 6}, "schedule.cron", "is 6: it must be a string"),
        ({"timezone": "UTC", "cron": ""}, "schedule.cron", "must have five fields"),
        ({"timezone": "UTC", "cron": "@daily"}, "schedule.cron", "must have five fields"),
        ({"timezone": "UTC", "cron": "0 0 6 * * *"}, "schedule.cron", "must have five fields"),
        ({"timezone": "UTC", "cron": "60 6 * * *"}, "schedule.cron", "its minute is not valid"),
        ({"timezone": "UTC", "cron": "0 24 * * *"}, "schedule.cron", "its hour is not valid"),
        ({"timezone": "UTC", "cron": "0 6 0 * *"}, "schedule.cron", "its day-of-month is not"),
        ({"timezone": "UTC", "cron": "0 6 31 2 *"}, "schedule.cron", "no day of the next fifty"),
        ({"timezone": "UTC", "cron": "0 6 31 4,6 *"}, "schedule.cron", "no day of the next fifty"),
        ({"timezone": "UTC", "cron": "0 6 32 2 *"}, "schedule.cron", "its day-of-month is not"),
        ({"timezone": "UTC", "cron": "0 6 * 13 *"}, "schedule.cron", "its month is not valid"),
        ({"timezone": "UTC", "cron": "0 6 * * 8"}, "schedule.cron", "its day-of-week is not"),
        ({"timezone": "UTC", "cron": "*/0 6 * * *"}, "schedule.cron", "its minute is not valid"),
        ({"timezone": "UTC", "cron": "٠ 6 * * *"}, "schedule.cron", "its minute is not valid"),
        ({"timezone": "UTC", "cron": "* * */20 * 1L"}, "schedule.cron", "the next fifty years"),
        ({"timezone": "UTC", "cron": "1," * 60 + "1 6 * * *"}, "schedule.cron", "at most 100"),
        ({"timezone": "UTC", "every": "yearly"}, "schedule.every", "'hourly', 'daily', 'weekly'"),
        ({"timezone": "UTC", "every": "daily", "at": "6:00"}, "schedule.at", "00:00 to 23:59"),
        ({"timezone": "UTC", "every": "daily", "at": "24:00"}, "schedule.at", "00:00 to 23:59"),
        ({"timezone": "UTC", "every": "daily", "at": "06:00\n"}, "schedule.at", "00:00 to 23:59"),
        ({"timezone": "UTC", "every": "daily", "at": "٠6:00"}, "schedule.at", "00:00 to 23:59"),
        ({"timezone": "UTC", "every": "daily", "day": 1}, "schedule.day", "is not a known field"),
    ],
)
def test_what_is_wrong_is_a_sentence_that_names_the_field(
    fields: Any, field: str, says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Recurrence.model_validate(fields)
    (fault,) = faults_of(refused.value, fields)
    named = "schedule" if fault.field == "the job" else f"schedule.{fault.field}"
    assert named == field
    assert says in fault.message


def test_what_was_stored_may_not_be_valid_any_more() -> None:
    with pytest.raises(InvalidRecurrence, match=r"Mars/Base.*update_schedule gives a new one"):
        Recurrence.read(StoredRecurrence("Mars/Base", "0 6 * * *"))


def test_what_was_stored_is_read_as_it_was() -> None:
    for fields in ({"cron": "0 6 * * *"}, {"every": "daily", "at": "06:00"}):
        recurrence = Recurrence(timezone=SYDNEY, **fields)
        stored = recurrence.plan(datetime.now(UTC)).recurrence
        assert Recurrence.read(stored) == recurrence


def test_a_system_without_time_zones_has_those_of_the_package() -> None:
    program = (
        "from datetime import datetime; from api.runners.recurrence import Recurrence; "
        "r = Recurrence(timezone='Australia/Sydney', cron='0 6 * * *'); "
        "print(r.time_after(datetime.fromisoformat('2026-07-01T00:00:00Z')))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=os.environ | {"PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout == "2026-07-01T20:00:00Z\n"
