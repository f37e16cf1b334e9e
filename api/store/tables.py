"""The tables and their migrations; a released migration is never changed."""

import json
from collections.abc import Iterable

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from category_crawler.domain_config import DOMAINS

migrations = Migrations("api")

_TABLES = (
    """
    CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        email TEXT NOT NULL UNIQUE COLLATE NOCASE,
        name TEXT NOT NULL,
        is_active INTEGER NOT NULL DEFAULT 1,
        created_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE credentials (
        hash TEXT PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users,
        kind TEXT NOT NULL CHECK (kind IN ('key', 'token')),
        expires_at TEXT,
        created_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user INTEGER NOT NULL REFERENCES users,
        name TEXT NOT NULL,
        request_type TEXT NOT NULL,
        request TEXT NOT NULL,
        warnings TEXT NOT NULL,
        created_at TEXT NOT NULL
    )
    """,
    """
    CREATE INDEX collections_of_user ON collections (user, id)
    """,
    """
    CREATE TABLE runners (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        collection INTEGER NOT NULL REFERENCES collections,
        stage TEXT NOT NULL CHECK (stage IN ('queued', 'scraping', 'done', 'failed')),
        attempt INTEGER NOT NULL,
        asin_count INTEGER NOT NULL DEFAULT 0,
        coverage TEXT,
        failed_reason TEXT,
        failed_message TEXT,
        stopping TEXT CHECK (stopping IN ('asked', 'interrupted', 'killed')),
        missing_since TEXT,
        created_at TEXT NOT NULL,
        started_at TEXT,
        finished_at TEXT
    )
    """,
    """
    CREATE INDEX runners_of_collection ON runners (collection, id)
    """,
    """
    CREATE INDEX open_runners ON runners (id)
        WHERE stage IN ('queued', 'scraping') OR stopping IS NOT NULL
    """,
    """
    CREATE TABLE attempts (
        runner INTEGER NOT NULL REFERENCES runners,
        number INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        PRIMARY KEY (runner, number)
    )
    """,
)


_SESSION_TABLES = (
    """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        domain TEXT NOT NULL,
        postcode TEXT NOT NULL,
        suburb TEXT,
        status TEXT NOT NULL
            CHECK (status IN ('pending', 'in-progress', 'active', 'failed', 'inactive')),
        failed_message TEXT,
        bad_version TEXT,
        attempt INTEGER NOT NULL,
        missing_since TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        UNIQUE (domain, postcode)
    )
    """,
    """
    CREATE TABLE zipcodes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user INTEGER NOT NULL REFERENCES users,
        session INTEGER NOT NULL REFERENCES sessions,
        created_at TEXT NOT NULL,
        UNIQUE (user, session)
    )
    """,
    """
    CREATE INDEX open_sessions ON sessions (id) WHERE status IN ('pending', 'in-progress')
    """,
)


@migrations()
def create_tables(db: Database) -> None:
    """The first form of the tables; times are UTC, ISO 8601 with Z."""
    for statement in _TABLES:
        db.conn.execute(statement)


@migrations()
def create_sessions(db: Database) -> None:
    """Delivery sessions, and which users asked for which."""
    for statement in _SESSION_TABLES:
        db.conn.execute(statement)


_ACCOUNT_COLUMNS = (
    "ALTER TABLE users ADD COLUMN password_hash TEXT",
    # NULL is without limit, which is what users of older databases have been.
    "ALTER TABLE users ADD COLUMN available_credits INTEGER",
    "ALTER TABLE users ADD COLUMN used_credits INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE users ADD COLUMN frozen_credits INTEGER NOT NULL DEFAULT 0 "
    "CHECK (frozen_credits >= 0)",
    "ALTER TABLE runners ADD COLUMN reserved INTEGER",
    "ALTER TABLE runners ADD COLUMN charged INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX credentials_of_user ON credentials (user)",
)


_LOGIN_TABLES = (
    """
    CREATE TABLE login_attempts (
        subject TEXT PRIMARY KEY,
        failures INTEGER NOT NULL,
        last_at TEXT NOT NULL
    )
    """,
)


_NOTICE_TABLES = (
    """
    CREATE TABLE notices (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL UNIQUE,
        runner INTEGER NOT NULL REFERENCES runners,
        kind TEXT NOT NULL CHECK (kind IN ('mail', 'webhook')),
        target TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'sent', 'off', 'given up')),
        tries INTEGER NOT NULL DEFAULT 0,
        next_try_at TEXT NOT NULL,
        claim TEXT,
        claimed_until TEXT,
        said TEXT,
        created_at TEXT NOT NULL,
        settled_at TEXT
    )
    """,
    """
    CREATE INDEX due_notices ON notices (next_try_at) WHERE status = 'pending'
    """,
)


@migrations()
def add_accounts(db: Database) -> None:
    """Passwords and credits; a runner's reserve, and what of it has been charged."""
    for statement in _ACCOUNT_COLUMNS:
        db.conn.execute(statement)


@migrations()
def create_login_attempts(db: Database) -> None:
    """Failed logins, by the hash of an e-mail address or of a client's address."""
    for statement in _LOGIN_TABLES:
        db.conn.execute(statement)


@migrations()
def create_notices(db: Database) -> None:
    """What is to be told of runs that have ended."""
    for statement in _NOTICE_TABLES:
        db.conn.execute(statement)


_ATTEMPT_COLUMNS = (
    "ALTER TABLE runners ADD COLUMN mark INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE runners ADD COLUMN stalled INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE runners ADD COLUMN earlier INTEGER REFERENCES runners",
    "ALTER TABLE runners ADD COLUMN carried INTEGER NOT NULL DEFAULT 0",
)


@migrations()
def add_attempts(db: Database) -> None:
    """Bytes of the journal when the attempt was made, and attempts in a row that added nothing;
    the runner that one continues, and how many of its rows were paid for there."""
    for statement in _ATTEMPT_COLUMNS:
        db.conn.execute(statement)


_INDEXES = (
    # A row of a table that others refer to is removed only once they were looked through.
    "CREATE INDEX notices_of_runner ON notices (runner)",
    "CREATE INDEX later_runners ON runners (earlier) WHERE earlier IS NOT NULL",
    "CREATE INDEX zipcodes_of_session ON zipcodes (session)",
    "CREATE INDEX expiring_credentials ON credentials (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX ended_runners ON runners (finished_at) WHERE stage IN ('done', 'failed')",
)


@migrations()
def add_indexes(db: Database) -> None:
    """Every query finds its rows by an index."""
    for statement in _INDEXES:
        db.conn.execute(statement)


_UNWANTED_SESSIONS = (
    "ALTER TABLE sessions ADD COLUMN unwanted_since TEXT",
    "CREATE INDEX unwanted_sessions ON sessions (id) WHERE unwanted_since IS NOT NULL",
)


@migrations()
def add_unwanted_sessions(db: Database) -> None:
    """Since when no user asks for a session any more, which runs that go on may still need."""
    for statement in _UNWANTED_SESSIONS:
        db.conn.execute(statement)


_IS_STOPPING = (
    "ALTER TABLE runners ADD COLUMN is_stopping INTEGER NOT NULL DEFAULT 0",
    "UPDATE runners SET is_stopping = 1 WHERE stopping IS NOT NULL",
    "DROP INDEX open_runners",
    "CREATE INDEX open_runners ON runners (id) WHERE stage IN ('queued', 'scraping') "
    "OR is_stopping",
    "ALTER TABLE runners DROP COLUMN stopping",
)


@migrations()
def simplify_stopping(db: Database) -> None:
    """Whether a cancelled runner's job is still to be stopped, not how far that has come."""
    for statement in _IS_STOPPING:
        db.conn.execute(statement)


@migrations()
def unite_postcodes(db: Database) -> None:
    """One session for one postcode, written with a hyphen or without."""
    for number, domain, postcode in db.conn.execute(
        "SELECT id, domain, postcode FROM sessions WHERE postcode LIKE '%-%' ORDER BY id"
    ).fetchall():
        shop = DOMAINS.get(domain)
        code = shop.postcode(postcode) if shop else None
        if code and code != postcode:
            _rename_session(db, number, domain, code)


def _rename_session(db: Database, number: int, domain: str, code: str) -> None:
    """Rename a session; where there is one of that name, its users get that one."""
    there = db.conn.execute(
        "SELECT id FROM sessions WHERE domain = ? AND postcode = ?", (domain, code)
    ).fetchone()
    if there is None:
        db.conn.execute("UPDATE sessions SET postcode = ? WHERE id = ?", (code, number))
        return
    db.conn.execute("UPDATE OR IGNORE zipcodes SET session = ? WHERE session = ?", (*there, number))
    db.conn.execute(
        "UPDATE sessions SET unwanted_since = NULL "
        "WHERE id = ? AND EXISTS (SELECT 1 FROM zipcodes WHERE session = sessions.id)",
        there,
    )
    db.conn.execute("DELETE FROM zipcodes WHERE session = ?", (number,))
    db.conn.execute("DELETE FROM sessions WHERE id = ?", (number,))


_RUN_FACTS = ("ALTER TABLE runners ADD COLUMN node_name TEXT",)


@migrations()
def add_node_name(db: Database) -> None:
    """The category's name, as a run has seen it; NULL in runs of older versions."""
    for statement in _RUN_FACTS:
        db.conn.execute(statement)


_REMOVED_FILES = (
    "ALTER TABLE runners ADD COLUMN files_removed_at TEXT",
    "ALTER TABLE runners ADD COLUMN files_removed_by TEXT",
    "ALTER TABLE runners ADD COLUMN last_progress TEXT",
)


@migrations()
def add_removed_files(db: Database) -> None:
    """When prune removed a run's files, and by which rule; the progress that they held."""
    for statement in _REMOVED_FILES:
        db.conn.execute(statement)


_USER_SETTINGS = ("ALTER TABLE users ADD COLUMN mail_on_cancel INTEGER NOT NULL DEFAULT 1",)


@migrations()
def add_user_settings(db: Database) -> None:
    """Whether a user gets a mail about a run that the user has cancelled."""
    for statement in _USER_SETTINGS:
        db.conn.execute(statement)


_SCHEDULE_TABLES = (
    """
    CREATE TABLE schedules (
        collection INTEGER PRIMARY KEY REFERENCES collections,
        user INTEGER NOT NULL REFERENCES users,
        version INTEGER NOT NULL DEFAULT 1,
        timezone TEXT NOT NULL,
        cron TEXT,
        every TEXT,
        at TEXT,
        is_paused INTEGER NOT NULL DEFAULT 0,
        next_run_at TEXT,
        last_run_at TEXT,
        skipped_runs INTEGER NOT NULL DEFAULT 0,
        last_skipped_at TEXT,
        not_started_at TEXT,
        not_started_reason TEXT,
        not_started_message TEXT,
        created_at TEXT NOT NULL
    )
    """,
    "CREATE INDEX due_schedules ON schedules (next_run_at) WHERE next_run_at IS NOT NULL",
)


@migrations()
def create_schedules(db: Database) -> None:
    """When further runs of collections are due."""
    for statement in _SCHEDULE_TABLES:
        db.conn.execute(statement)


_IDEMPOTENCY_TABLES = (
    """
    CREATE TABLE idempotency_keys (
        user INTEGER NOT NULL REFERENCES users,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        runner INTEGER NOT NULL REFERENCES runners,
        warnings TEXT NOT NULL,
        created_at TEXT NOT NULL,
        PRIMARY KEY (user, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX old_idempotency_keys ON idempotency_keys (created_at)",
    "CREATE INDEX idempotency_keys_of_runner ON idempotency_keys (runner)",
)


@migrations()
def create_idempotency_keys(db: Database) -> None:
    """Which runner a request under a key has started, and what was answered."""
    for statement in _IDEMPOTENCY_TABLES:
        db.conn.execute(statement)


_NEWEST_RUNNERS = (
    "ALTER TABLE collections ADD COLUMN newest INTEGER",
    "UPDATE collections SET newest = "
    "(SELECT max(id) FROM runners WHERE runners.collection = collections.id)",
    "CREATE INDEX collections_by_newest ON collections (user, newest)",
    "DROP INDEX collections_of_user",
)


@migrations()
def add_newest_runners(db: Database) -> None:
    """The newest runner of each collection, by which a list of collections is ordered."""
    for statement in _NEWEST_RUNNERS:
        db.conn.execute(statement)


_FEW_CREDITS = "Your credits pay for "
"""How the warning of a run with few credits begins."""


@migrations()
def add_warnings_of_runners(db: Database) -> None:
    """Warnings of one run, such as few credits, which the next of its collection may not have."""
    db.conn.execute("ALTER TABLE runners ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'")
    for collection, text in db.conn.execute(
        "SELECT id, warnings FROM collections WHERE warnings != '[]'"
    ).fetchall():
        told = json.loads(text)
        own = [one for one in told if one.startswith(_FEW_CREDITS)]
        if own:
            kept = [one for one in told if one not in own]
            db.conn.execute(
                "UPDATE collections SET warnings = ? WHERE id = ?", (json.dumps(kept), collection)
            )
            db.conn.execute(
                "UPDATE runners SET warnings = ? WHERE collection = ?",
                (json.dumps(own), collection),
            )


_RECORDED = (
    "ALTER TABLE runners ADD COLUMN is_recorded INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX unrecorded_runners ON runners (id) "
    "WHERE stage IN ('done', 'failed') AND NOT is_stopping AND NOT is_recorded",
)


@migrations()
def add_recorded(db: Database) -> None:
    """Whether what an ended run has seen is in its collection's history."""
    for statement in _RECORDED:
        db.conn.execute(statement)


_ALERT_TABLES = (
    """
    CREATE TABLE alert_rules (
        collection INTEGER PRIMARY KEY REFERENCES collections,
        rules TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE alerts (
        runner INTEGER PRIMARY KEY REFERENCES runners,
        rules TEXT NOT NULL,
        found TEXT,
        tries INTEGER NOT NULL DEFAULT 0,
        next_try_at TEXT NOT NULL,
        claim TEXT,
        claimed_until TEXT,
        created_at TEXT NOT NULL,
        tried_at TEXT
    )
    """,
    "CREATE INDEX due_alerts ON alerts (next_try_at) WHERE tried_at IS NULL",
    "ALTER TABLE notices ADD COLUMN about TEXT NOT NULL DEFAULT 'end' "
    "CHECK (about IN ('end', 'alert'))",
    "CREATE UNIQUE INDEX notices_of_alert ON notices (runner, kind) WHERE about = 'alert'",
)


@migrations()
def create_alerts(db: Database) -> None:
    """The rules of collections, the runs that are tried against them, and what was found."""
    for statement in _ALERT_TABLES:
        db.conn.execute(statement)


_PEOPLE = (
    "ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'user' "
    "CHECK (role IN ('operator', 'user'))",
    # Who set the service up runs it.
    "UPDATE users SET role = 'operator' WHERE id = (SELECT min(id) FROM users)",
    """
    CREATE TABLE sign_in_links (
        hash TEXT PRIMARY KEY,
        user INTEGER REFERENCES users,
        expires_at TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)


@migrations()
def create_sign_in_links(db: Database) -> None:
    """The users' roles, and links that sign a user in once; without a user, the first one."""
    for statement in _PEOPLE:
        db.conn.execute(statement)


_REMOVAL_TABLES = (
    """
    CREATE TABLE removals (
        collection INTEGER PRIMARY KEY,
        user INTEGER NOT NULL,
        runners TEXT NOT NULL,
        created_at TEXT NOT NULL
    )
    """,
)


@migrations()
def create_removals(db: Database) -> None:
    """Collections that were deleted, until their files are gone."""
    for statement in _REMOVAL_TABLES:
        db.conn.execute(statement)


_OFFERED_SUBURBS = ("ALTER TABLE sessions ADD COLUMN suburbs TEXT NOT NULL DEFAULT '[]'",)


@migrations()
def add_offered_suburbs(db: Database) -> None:
    """The suburbs that the shop offered for a session's postcode, as a JSON list."""
    for statement in _OFFERED_SUBURBS:
        db.conn.execute(statement)


_OWNERS = (
    "ALTER TABLE runners ADD COLUMN owner INTEGER NOT NULL DEFAULT 0",
    "UPDATE runners SET owner = (SELECT user FROM collections WHERE id = runners.collection)",
    "CREATE INDEX open_runners_of_owner ON runners (owner) WHERE stage IN ('queued', 'scraping')",
)


@migrations()
def add_owners(db: Database) -> None:
    """The user of each runner, by which a user's open ones are counted."""
    for statement in _OWNERS:
        db.conn.execute(statement)


_EXPORT_TABLES = (
    """
    CREATE TABLE exports (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        runner INTEGER NOT NULL REFERENCES runners,
        form TEXT NOT NULL CHECK (form IN ('json', 'parquet')),
        status TEXT NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'stored', 'empty', 'gone', 'off')),
        url TEXT,
        bytes INTEGER,
        stored_at TEXT,
        tries INTEGER NOT NULL DEFAULT 0,
        next_try_at TEXT NOT NULL,
        claim TEXT,
        claimed_until TEXT,
        said TEXT,
        created_at TEXT NOT NULL,
        UNIQUE (runner, form)
    )
    """,
    "CREATE INDEX due_exports ON exports (next_try_at) WHERE status = 'pending'",
)


@migrations()
def create_exports(db: Database) -> None:
    """The files of ended runs that are copied elsewhere."""
    for statement in _EXPORT_TABLES:
        db.conn.execute(statement)


_PLACES = (
    # A request that is no JSON, which only a damaged disk leaves, is of no place.
    "CREATE INDEX collections_of_place ON collections (user, "
    "iif(json_valid(request), json_extract(request, '$.domain'), NULL), "
    "upper(replace(replace(iif(json_valid(request), json_extract(request, '$.postcode'), NULL), "
    "' ', ''), '-', '')), id)",
)


@migrations()
def index_places(db: Database) -> None:
    """Finds the collections of a user that are seen from a postcode, however that was written."""
    for statement in _PLACES:
        db.conn.execute(statement)


_TOTALS = (
    """
    CREATE TABLE totals (
        name TEXT NOT NULL,
        label TEXT NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (name, label)
    ) WITHOUT ROWID
    """,
    "ALTER TABLE runners ADD COLUMN counted TEXT",
    "CREATE INDEX sessions_by_status ON sessions (status)",
)


@migrations()
def create_totals(db: Database) -> None:
    """How runs have ended and what they have asked of the shops, all together; what of each runner
    is part of it, as JSON."""
    for statement in _TOTALS:
        db.conn.execute(statement)


_LIMITS = (
    "ALTER TABLE users ADD COLUMN running_limit INTEGER",
    "ALTER TABLE users ADD COLUMN priority_ceiling TEXT",
    "ALTER TABLE users ADD COLUMN products_a_day INTEGER",
    "ALTER TABLE users ADD COLUMN charged_on TEXT",
    "ALTER TABLE users ADD COLUMN charged_today INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE runners ADD COLUMN priority REAL NOT NULL DEFAULT 0",
    "ALTER TABLE runners ADD COLUMN is_held INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE runners ADD COLUMN is_limited_by_day INTEGER NOT NULL DEFAULT 0",
    "UPDATE runners SET priority = (SELECT CASE json_extract(request, '$.priority') "
    "WHEN 'Highest' THEN 2 WHEN 'High' THEN 1 WHEN 'Low' THEN -1 WHEN 'Lowest' THEN -2 ELSE 0 END "
    "FROM collections WHERE id = runners.collection AND json_valid(request)) "
    "WHERE stage IN ('queued', 'scraping') "
    "AND collection IN (SELECT id FROM collections WHERE json_valid(request))",
    "DROP INDEX open_runners_of_owner",
    "CREATE INDEX jobs_of_owner ON runners (owner, stage, priority) "
    "WHERE (stage IN ('queued', 'scraping') OR is_stopping) AND NOT is_held",
    "CREATE INDEX held_runners ON runners (owner, priority DESC, id) WHERE is_held",
)


@migrations()
def add_limits(db: Database) -> None:
    """Limits of users; runs that are held back for them, and what was charged on the last day."""
    for statement in _LIMITS:
        db.conn.execute(statement)


_AUDIT_TABLES = (
    """
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        user INTEGER,
        who TEXT NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('api', 'page', 'command')),
        address TEXT NOT NULL,
        what TEXT NOT NULL,
        thing TEXT NOT NULL,
        detail TEXT NOT NULL,
        outcome TEXT
    )
    """,
    "CREATE INDEX audit_by_time ON audit (at)",
    "CREATE INDEX audit_by_who ON audit (who COLLATE NOCASE, id)",
)


@migrations()
def create_audit(db: Database) -> None:
    """Who did what; a user who is deleted stays in it by e-mail address."""
    for statement in _AUDIT_TABLES:
        db.conn.execute(statement)


_RETENTION = (
    """
    CREATE TABLE retention_rules (
        collection INTEGER PRIMARY KEY REFERENCES collections,
        days INTEGER CHECK (days > 0),
        runs INTEGER CHECK (runs > 0),
        CHECK (days IS NOT NULL OR runs IS NOT NULL)
    )
    """,
    "CREATE INDEX kept_runners ON runners (collection, id) "
    "WHERE stage IN ('done', 'failed') AND files_removed_at IS NULL",
)


@migrations()
def create_retention_rules(db: Database) -> None:
    """How long the files of collections' runs are kept."""
    for statement in _RETENTION:
        db.conn.execute(statement)


def unknown_migrations(names: Iterable[str]) -> list[str]:
    """Those of some migrations that only a newer version knows."""
    empty = Database(memory=True)
    known = {one.name for one in migrations.pending(empty)}
    empty.close()
    return [name for name in names if name not in known]
