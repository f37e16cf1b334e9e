"""The store finds its rows by indexes: what it keeps may grow."""

from pathlib import Path
from typing import Any

from api.store import Store
from api.store.records import NoticeKind, NoticeStatus, Outcome, Stopping
from api.store.stage import Stage

LATER, EARLIER = "2100-01-01T00:00:00Z", "2000-01-01T00:00:00Z"
SMALL = ("users", "login_attempts")
"""Tables that may be read whole: users are listed, failed logins forgotten within the hour."""


class Use:
    """One use of everything that the store can do; ``statements`` is what SQLite was asked."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "api.db")
        self.statements: list[str] = []
        self.store.db.conn.set_trace_callback(self.statements.append)
        self.user = self.store.add_user("a@example.org", "a", "hash")
        self.users()
        self.runners()
        self.sessions()
        self.store.db.conn.set_trace_callback(None)

    def collection(self) -> Any:
        return self.store.add_collection(self.user, "Lamps", {}, [])

    def users(self) -> None:
        store, user = self.store, self.user
        store.grant(user, 10)
        store.credits_of(user)
        store.user_named("a@example.org")
        store.set_password(user, "hash")
        store.add_token(user, "token", LATER)
        store.credential("token")
        store.remove_token("token")
        store.replace_key(user, "key")
        store.admit_login({"subject": 5})
        store.forgive_login("subject")
        store.set_active(user, active=True)

    def runners(self) -> None:
        store, first = self.store, self.collection()
        store.start(first.id, EARLIER)
        store.set_missing(first.id, EARLIER)
        store.next_attempt(first, 0, 0)
        store.undo_attempt(first)
        store.open_runners()
        store.waiting_since()
        store.end(first.id, Outcome(Stage.FAILED, stopping=Stopping.ASKED))
        store.set_stopping(first.id, Stopping.ASKED, Stopping.KILLED)
        store.see_out(first.id, Stopping.KILLED, 0)
        store.ended_runners(LATER)
        assert store.claim_notice(60, NoticeKind.WEBHOOK, [1, 2]) is None
        notice = store.claim_notice(60)
        assert notice is not None
        store.overdue_notices(300)
        store.postpone_notice(notice, 60, "busy")
        store.settle_notice(notice, NoticeStatus.SENT, None)
        second = store.add_runner(first, 0, 1)
        assert second is not None
        store.newest_runners(self.user, Stage.QUEUED, 10, 0)
        store.own_runner(self.user, first.collection.id, second.id)
        store.newest_runner(self.user, first.collection.id)
        store.remove_runner(second.id)
        store.remove_collection(self.collection().collection.id)

    def sessions(self) -> None:
        store = self.store
        zipcode, _ = store.add_zipcode(self.user, "amazon.com.au", "4500", None, lambda: False)
        store.zipcodes(self.user, "amazon.com.au")
        store.own_zipcode(self.user, zipcode.id)
        store.set_session_missing(zipcode.session.id, EARLIER)
        store.open_sessions()
        store.restart_session(zipcode.session.id)
        store.undo_zipcode(zipcode.id)
        (session,) = store.unwanted_sessions()
        assert store.forget_session(session, lambda: True)


def test_no_statement_reads_a_whole_table(tmp_path: Path) -> None:
    used = Use(tmp_path)
    asked = {statement for statement in used.statements if not statement.startswith("--")}
    plans = [
        (statement, step[3])
        for statement in asked
        for step in used.store.db.conn.execute(f"EXPLAIN QUERY PLAN {statement}")
        if statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")
    ]
    assert any(step.startswith("SEARCH runners") for _, step in plans)
    scans = [plan for plan in plans if plan[1].startswith("SCAN") and "USING" not in plan[1]]
    assert [plan for plan in scans if plan[1].split()[1] not in SMALL] == []
