"""The store finds its rows by indexes: what it keeps may grow."""

from pathlib import Path
from typing import Any

from api.store import Store
from api.store.audit import Act, Origin, What, Who
from api.store.idempotency import Answer, Once
from api.store.limits import OwnLimits, Policy
from api.store.records import ExportStatus, NoticeKind, NoticeStatus, Outcome, Runner, StoredRequest
from api.store.retention import Retention
from api.store.schedules import Due, Plan, StoredRecurrence
from api.store.stage import Stage
from category_crawler.pages import Kind
from category_crawler.run.records import Traffic

LATER, EARLIER = "2100-01-01T00:00:00Z", "2000-01-01T00:00:00Z"
SMALL = ("users", "login_attempts", "totals")
"""Tables that may be read whole: users are listed, failed logins forgotten within the hour, and
there are few totals."""
_CANCELLED = Outcome(Stage.FAILED, failed_reason="cancelled", is_stopping=True)


class Use:
    """One use of everything that the store can do; ``statements`` is what SQLite was asked."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "api.db", exporting=True, policy=Policy(jobs_in_queue=2))
        self.statements: list[str] = []
        self.store.db.conn.set_trace_callback(self.statements.append)
        self.user = self.store.users.add("a@example.org", "a", "hash")
        self.users()
        self.runners()
        self.schedules()
        self.sessions()
        self.limits()
        self.store.db.conn.set_trace_callback(None)

    def collection(self) -> Any:
        return self.store.runners.add_collection(self.user, "Lamps", StoredRequest({}), [])

    def users(self) -> None:
        store, user = self.store, self.user
        store.credits.grant(user, 10)
        store.credits.of(user)
        store.users.named("a@example.org")
        store.users.set_password(user, "hash")
        store.users.set_mail_on_cancel(user, wanted=False)
        store.users.add_token(user, "token", LATER)
        store.users.credential("token")
        store.users.remove_token("token")
        store.users.replace_key(user, "key")
        store.credits.spent(user, 10)
        store.credits.spent_on_deleted(user)
        store.logins.admit({"subject": 5})
        store.logins.forgive("subject")
        store.users.set_active(user, active=True)

    def runners(self) -> None:
        store, first = self.store, self.collection()
        store.runners.start(first.id, EARLIER)
        store.runners.set_missing(first.id, EARLIER)
        store.runners.next_attempt(first, 0, 0)
        store.runners.undo_attempt(first)
        store.runners.open()
        store.runners.scraping_at("amazon.com")
        store.runners.open_jobs()
        store.runners.waiting_since()
        store.runners.open_by_stage()
        store.totals.count(first.id, Traffic(pages=1, blocks={Kind.CAPTCHA: 1}), 1)
        store.totals.all()
        store.alerts.set_rules(first.collection.id, "[]")
        store.runners.end(first.id, _CANCELLED)
        store.runners.see_out(first.id, 0)
        store.runners.ended(LATER)
        store.runners.ended_in(first.collection.id)
        store.retention.set(first.collection.id, Retention(30, 5))
        store.retention.of(first.collection.id)
        store.retention.collections(ruled=True)
        store.runners.expired(first.collection.id, LATER, 5)
        assert store.notices.claim(60, NoticeKind.WEBHOOK, [1, 2]) is None
        notice = store.notices.claim(60)
        assert notice is not None
        store.notices.overdue(300)
        store.notices.waiting()
        store.notices.postpone(notice, 60, "busy")
        store.notices.settle(notice, NoticeStatus.SENT, None)
        self.alerts(first)
        self.exports(first)
        second = store.runners.add(first, 0, 1)
        assert second is not None
        store.runners.remove_files({first.id: None}, "prune")
        store.runners.page(self.user, Stage.QUEUED, 10, 0)
        store.runners.page(self.user, None, 10, 0)
        store.runners.recent(Stage.DONE, 100, 10)
        store.runners.own(self.user, first.collection.id, second.id)
        store.runners.newest(self.user, first.collection.id)
        store.runners.remove(second.id)
        store.runners.remove_collection(self.collection().collection.id)
        self.collections(first.collection.id)

    def collections(self, ended: int) -> None:
        store = self.store
        assert store.runners.search(self.user, ["lamps"], Stage.FAILED, 10, 0)[0] == 1
        store.runners.of_collection(ended, 10)
        store.runners.number_of(ended)
        store.runners.seen_from(self.user, "amazon.com.au", "4500", 5)
        store.runners.rename_collection(self.user, ended, "Chairs")
        assert store.runners.delete_collection(self.user, ended)
        assert store.removals.of(ended) is not None
        assert len(store.removals.all(10)) == 1
        store.removals.settle(ended)

    def schedules(self) -> None:
        store, once = self.store, Once(self.user, "key", "fingerprint")
        stored = StoredRecurrence("UTC", "0 6 * * *")
        first = store.runners.add_collection(
            *(self.user, "Lamps", StoredRequest({}), []), once=once, plan=Plan(stored, EARLIER)
        )
        number = first.collection.id
        store.keys.do(once, lambda: Answer(0, 0, []))
        store.runners.end(first.id, Outcome(Stage.DONE))
        for settle in (store.schedules.skip, lambda due: store.schedules.fail(due, "x", "X.")):
            (due,) = store.schedules.due(LATER, 10)
            assert settle(Due(due, EARLIER))
        (due,) = store.schedules.due(LATER, 10)
        second = store.runners.add_again(
            first, 1, lambda: None, lambda _: None, due=Due(due, EARLIER)
        )
        assert second is not None
        assert store.users.is_active(self.user)
        store.schedules.put(self.user, number, Plan(stored, LATER))
        store.schedules.pause(number)
        store.schedules.resume(number, 2, LATER)
        store.schedules.of(number)
        store.schedules.remove(number)
        store.keys.forget_old()
        store.runners.remove(second.id)

    def alerts(self, ended: Runner) -> None:
        alerts, collection = self.store.alerts, ended.collection.id
        alert = alerts.claim(60)
        assert alert is not None
        assert alerts.postpone(alert, -1)
        alert = alerts.claim(60)
        assert alert is not None
        alerts.overdue(300)
        assert alerts.settle(alert, "{}", is_told=True)
        alerts.tried(ended.id)
        alerts.last_tried(collection)
        alerts.rules(collection)
        alerts.remove_rules(collection)
        self.store.runners.last_ended(collection)
        self.store.runners.last_done_before(ended)

    def exports(self, ended: Runner) -> None:
        exports = self.store.exports
        export = exports.claim(60)
        assert export is not None
        assert exports.hold(export, 60)
        assert exports.postpone(export, -1, "busy")
        export = exports.claim(60)
        assert export is not None
        assert exports.settle_without(export, ExportStatus.PENDING, None)
        export = exports.claim(60)
        assert export is not None
        assert exports.settle_stored(export, "s3://shop-data/1", 1)
        assert len(exports.of(ended.id)) == 1
        exports.late(-60)
        exports.waiting()
        exports.switch_off()

    def limits(self) -> None:
        store = self.store
        store.limits.put(self.user, OwnLimits(1, "Normal", 100))
        self.collection()
        held = self.collection()
        assert held.is_held
        assert store.places.users_waiting() == [self.user]
        store.places.why_held(held)
        store.limits.use(self.user)
        store.limits.put(self.user, OwnLimits())
        given = store.places.give_next(self.user)
        assert given is not None
        store.places.take_back(given)
        deed = Act(What.PRUNE, Origin.COMMAND, lambda: Who(None, "root"))
        with store.audit.acting(deed):
            store.limits.put(self.user, OwnLimits())
        assert len(store.audit.latest(5, since=EARLIER)) == 1
        assert len(store.audit.latest(5, who="ROOT")) == 1
        store.runners.recent(None, 9, 9, user=self.user, collection=1)
        store.audit.forget(LATER)

    def sessions(self) -> None:
        store = self.store
        zipcode, _ = store.sessions.add_zipcode(
            self.user, "amazon.com.au", "4500", None, lambda: False
        )
        store.sessions.zipcodes(self.user, "amazon.com.au")
        store.sessions.own_zipcode(self.user, zipcode.id)
        store.sessions.set_missing(zipcode.session.id, EARLIER)
        store.sessions.open()
        store.sessions.by_status()
        store.sessions.restart(zipcode.session.id)
        store.sessions.note_suburbs(zipcode.session.id, ["BRAY PARK"])
        assert not store.sessions.move_to(zipcode, "BRAY PARK")
        store.sessions.undo_zipcode(zipcode.id)
        (session,) = store.sessions.unwanted()
        assert store.sessions.forget(session, lambda: True)


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
