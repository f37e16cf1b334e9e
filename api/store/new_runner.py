"""A runner's first row: queued, with its first attempt, and with a place if there is one."""

import json
from sqlite3 import Connection

from api.priorities import place_of_priority
from api.sentences import few_credits, lower_priority
from api.store.audit import about
from api.store.credits import UserCredits
from api.store.places import Places
from api.store.records import Collection, Runner
from api.store.stage import Stage
from category_crawler.times import utc_now


def add_runner(
    connection: Connection,
    credit: UserCredits,
    places: Places,
    collection: Collection,
    wanted: int,
    earlier: int | None = None,
    carried: int = 0,
) -> Runner:
    """Record a queued runner and its first attempt, and freeze its credits.

    It freezes ``wanted`` credits or as many as the user has, with a warning. A priority above the
    user's highest is lowered, with a warning. Where the user has no place for one more job the
    runner is held back. Raises NotEnoughCredits. ``earlier`` is the runner that it continues, whose
    rows are ``carried``.
    """
    now = utc_now()
    reserved = credit.reserve(connection, collection.user, wanted)
    asked = collection.request.priority
    given = places.priority_of(collection.user, asked)
    warnings = [*few_credits(reserved, wanted), *lower_priority(asked, given)]
    priority = place_of_priority(given)
    (number,) = connection.execute(
        "INSERT INTO runners (owner, collection, reserved, earlier, carried, warnings, priority, "
        "is_held, stage, attempt, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 1, 'queued', 1, ?) RETURNING id",
        (
            *(collection.user, collection.id, reserved, earlier, carried),
            *(json.dumps(warnings), priority, now),
        ),
    ).fetchone()
    about(f"run {number} of collection {collection.id}")
    connection.execute("UPDATE collections SET newest = ? WHERE id = ?", (number, collection.id))
    connection.execute(
        "INSERT INTO attempts (runner, number, created_at) VALUES (?, 1, ?)", (number, now)
    )
    runner = Runner(
        id=number,
        stage=Stage.QUEUED,
        attempt=1,
        mark=0,
        stalled=0,
        asin_count=0,
        coverage=None,
        failed_reason=None,
        failed_message=None,
        is_stopping=False,
        is_held=True,
        priority=priority,
        missing_since=None,
        reserved=reserved,
        is_limited_by_day=False,
        earlier=earlier,
        carried=carried,
        warnings=warnings,
        node_name=None,
        created_at=now,
        started_at=None,
        finished_at=None,
        files_removed_at=None,
        files_removed_by=None,
        last_progress=None,
        is_recorded=False,
        collection=collection,
    )
    return places.give(connection, runner) or runner
