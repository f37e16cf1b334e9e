"""Delivery sessions: one per domain and postcode, made by a job and shared by users.

A session is ``pending`` and ``in-progress`` while its job is, then ``active`` or ``failed``. It
becomes ``inactive`` if a run or a check finds that it has expired, until its cookie file is
replaced.
"""

import logging
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from api.config import Settings
from api.scrapyd.job_service import FIRST, JobService, ScrapydError, State
from api.store import Store
from api.store.records import DeliverySession, SessionStatus, Zipcode
from api.store.sessions import SuburbTaken
from category_crawler.checkout import PROJECT
from category_crawler.delivery.report import (
    DeliveryReport,
    forget_report,
    process_of,
    read_report,
)
from category_crawler.delivery.session import DeliverySession as SavedSession
from category_crawler.delivery.session import is_version, remove_session, session_version
from category_crawler.delivery.suburb import is_same_suburb
from category_crawler.domain_config import Marketplace
from category_crawler.environment import without_secrets
from category_crawler.errors import LocationLost, SessionError, SessionMissing
from category_crawler.times import seconds_since, utc_now

logger = logging.getLogger(__name__)

SPIDER, CHECK_SPIDER = "delivery", "delivery_check"
EXPIRED = "The shop does not deliver there any more: refresh-zipcode makes the session anew"

Verdict = Literal["active", "inactive", "unknown"]
"""The result of checking a session at the shop."""
_UNUSABLE = (SessionStatus.INACTIVE, SessionStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a session at the shop."""

    verdict: Verdict | None = None
    """None while it is going on."""
    said: str = ""
    """What the shop says, or why it is not known."""
    at: str = ""
    """When it ended; UTC, ISO 8601 with Z."""


class Conflict(Exception):
    """Raised if the session exists or is being made; its text says which."""


class HasItAlready(Conflict):
    """Raised if the user has the session."""

    def __init__(self, domain: str, postcode: str) -> None:
        super().__init__(f"Zipcode already exists: {domain} {postcode}")
        self.postcode = postcode


class OtherSuburb(Conflict):
    """Raised if the session, which all users share, is for another suburb."""

    def __init__(self, domain: str, postcode: str, verb: str, suburb: str | None) -> None:
        which = suburb or "the first suburb that the shop offers"
        super().__init__(
            f"The session of {domain} {postcode} {verb} {which}, and all users share it: leave out "
            "suburb to use it, or have every user delete it (delete-zipcode) and create it anew"
        )
        self.postcode = postcode
        self.suburb = suburb


class Sessions:
    """Keeps sessions in the store, their jobs at Scrapyd and their cookie files consistent."""

    def __init__(self, store: Store, scrapyd: JobService, settings: Settings) -> None:
        self.store = store
        self.scrapyd = scrapyd
        self.settings = settings

    def check(self, shop: Marketplace, postcode: str) -> None:
        """Raise SessionMissing unless the session can be used for a category run."""
        if not session_version(shop.domain, postcode):
            raise SessionMissing(
                f"No cookie file found for {shop.domain} {postcode}: make one with "
                f'POST /zipcodes/create-zipcode/ {{"domain": {shop.id}, "zipcode": "{postcode}"}}'
            )
        session = self.store.sessions.of(shop.domain, postcode)
        is_bad = (
            session is not None
            and session.status is SessionStatus.INACTIVE
            and is_version(shop.domain, postcode, session.bad_version)
        )
        if is_bad:
            raise SessionMissing(
                f"The delivery session for {shop.domain} {postcode} has expired: make it anew "
                "with POST /zipcodes/refresh-zipcode/"
            )

    def create(self, user: int, shop: Marketplace, postcode: str, suburb: str | None) -> Zipcode:
        """Give a user a session; schedule the job that makes it if it does not exist.

        Raises Conflict if the user has it already, or others have it for another suburb,
        ScrapydError if Scrapyd does not take the job; then nothing is recorded.
        """
        there = _existing(shop.domain, postcode)
        active = there.about.get("suburb") if there else None
        if suburb and active and not is_same_suburb(active, suburb):
            raise OtherSuburb(shop.domain, postcode, "is active for", active)
        try:
            zipcode, starts = self.store.sessions.add_zipcode(
                *(user, shop.domain, postcode, active or suburb),
                partial(_has_file, shop.domain, postcode),
            )
        except SuburbTaken as taken:
            verb = "is being made for" if taken.session.status.is_open else "is active for"
            raise OtherSuburb(shop.domain, postcode, verb, taken.session.suburb) from None
        except ValueError:
            raise HasItAlready(shop.domain, postcode) from None
        if starts:
            self._start(zipcode.session, undo=lambda: self._undo(zipcode))
        return self._again(zipcode)

    def renew(self, zipcode: Zipcode) -> Zipcode:
        """Schedule a job that makes the session again. Raises Conflict while one is running."""
        if not self.store.sessions.restart(zipcode.session.id):
            raise Conflict(f"The session of {zipcode.session.postcode} is being made already")
        before = zipcode
        zipcode = self._again(zipcode)
        self._start(zipcode.session, undo=lambda: self._restore(before.session))
        return zipcode

    def make(self, user: int, shop: Marketplace, postcode: str, suburb: str | None) -> Zipcode:
        """Give a user a session that works: make it, make it again, or for another suburb.

        Raises Conflict and ScrapydError as :meth:`create` and :meth:`renew`, and Conflict if the
        session cannot move to another suburb.
        """
        own = self.store.sessions.zipcodes(user, shop.domain)
        zipcode = next((one for one in own if one.session.postcode == postcode), None)
        if zipcode is None:
            return self.create(user, shop, postcode, suburb)
        zipcode = self.refresh(zipcode)
        if suburb is None or is_same_suburb(suburb, zipcode.session.suburb or ""):
            return self.renew(zipcode)
        return self._move_to(zipcode, suburb)

    def seen(self, shop: Marketplace, postcode: str) -> DeliverySession | None:
        """The session of a place as it is now, whoever has it; None if none is recorded."""
        session = self.store.sessions.of(shop.domain, postcode)
        if session is None:
            return None
        self.refresh_session(session)
        return self.store.sessions.of(shop.domain, postcode)

    def _move_to(self, zipcode: Zipcode, suburb: str) -> Zipcode:
        before = zipcode.session
        try:
            moved = self.store.sessions.move_to(zipcode, suburb)
        except SuburbTaken:
            raise Conflict(
                f"The session of {before.domain} {before.postcode} stays at "
                f"{before.suburb or 'its suburb'}: other users or open runs need it there"
            ) from None
        if not moved:
            raise Conflict(f"The session of {before.postcode} is being made already")
        zipcode = self._again(zipcode)
        self._start(zipcode.session, undo=lambda: self._restore(before))
        return zipcode

    def delete(self, zipcode: Zipcode) -> None:
        """Take a session from a user; remove it and its cookies if no other user has it.

        While an open run of any user needs the session, or a job makes it, it stays; the job is
        cancelled, and the watcher removes the session later.
        """
        last = self.store.sessions.remove_zipcode(zipcode.id)
        if last is None:
            return
        if last.status.is_open:
            try:
                self.scrapyd.stop(job_name(last))
            except ScrapydError as error:
                logger.warning("Job %s could not be stopped: %s", job_name(last), error)
        try:
            self.forget(last)
        except OSError as error:
            logger.warning("Session %s is removed later: %s", last.id, error)

    def forget(self, session: DeliverySession) -> None:
        """Remove a session that no user has, with its cookies, unless an open run needs it."""
        remove = partial(remove_session, session.domain, session.postcode)
        self.store.sessions.forget(session, remove)

    def refresh(self, zipcode: Zipcode) -> Zipcode:
        """Update a user's session, and return the new record."""
        self.refresh_session(zipcode.session)
        return self._again(zipcode)

    def refresh_session(self, session: DeliverySession) -> None:
        """Update a session from its job and its cookie file."""
        status = session.status
        if status.is_open:
            self._move_on(session)
            return
        place = session.domain, session.postcode
        has_file = bool(session_version(*place))
        if status is SessionStatus.ACTIVE and not has_file:
            said = "Its cookie file is gone"
            self.store.sessions.move(session, SessionStatus.INACTIVE, failed_message=said)
        elif status in _UNUSABLE and has_file and not is_version(*place, session.bad_version):
            self.store.sessions.move(session, SessionStatus.ACTIVE, failed_message=None)

    def expire(self, domain: str, postcode: str, version: str) -> None:
        """Mark a session as expired, unless its cookie file has another version by now."""
        if not is_version(domain, postcode, version):
            return
        session = self.store.sessions.of(domain, postcode)
        if session is None:
            self.store.sessions.add_expired(domain, postcode, EXPIRED, version)
        elif session.status in (SessionStatus.ACTIVE, SessionStatus.INACTIVE):
            self.store.sessions.move(
                session, SessionStatus.INACTIVE, failed_message=EXPIRED, bad_version=version
            )

    def check_session(self, domain: str, postcode: str) -> tuple[Verdict, str]:
        """Check a session at the shop; the result and its reason."""
        version = session_version(domain, postcode)
        try:
            SavedSession.load(domain, postcode)
        except SessionError as error:
            return (
                "inactive",
                f"{error}, or make it anew with create-zipcode or refresh-zipcode",
            )
        return self._judge(domain, postcode, version, check_at_shop(domain, postcode))

    def start_check(self, session: DeliverySession) -> None:
        """Schedule a job that checks a session at the shop; :meth:`check_of` tells its result.

        Raises Conflict if there is no session to check, or its check is going on.
        """
        version = session_version(session.domain, session.postcode)
        if not version or session.status.is_open:
            raise Conflict(f"There is no session of {session.postcode} to check: make it first")
        if self.check_of(session) == Check():
            raise Conflict(f"The session of {session.postcode} is being checked already")
        job = _check_name(session, version)
        forget_report(job)
        place = {"domain": session.domain, "postcode": session.postcode}
        # An earlier check of the same cookies had the same name.
        self.scrapyd.run_again(job, place, FIRST, CHECK_SPIDER)

    def check_of(self, session: DeliverySession) -> "Check | None":
        """The last check of a session's present cookies, if nothing has become of them since.

        A check that has ended is taken into the session's state by whoever looks first.
        """
        version = session_version(session.domain, session.postcode)
        if not version or session.status.is_open:
            return None
        job = _check_name(session, version)
        report = read_report(job)
        if report is None:
            return Check() if self._is_going_on(job) else None
        if report.finished_at < session.updated_at:
            return None
        verdict, said = self._judge(session.domain, session.postcode, version, report)
        return Check(verdict, said, report.finished_at)

    def _is_going_on(self, job: str) -> bool:
        try:
            return self.scrapyd.state(job) in ("pending", "running")
        except ScrapydError:
            return False

    def _judge(
        self, domain: str, postcode: str, version: str, report: DeliveryReport
    ) -> tuple[Verdict, str]:
        """Take a check's report into the session's state; the result and its reason."""
        if report.stage == "done":
            session = self.store.sessions.of(domain, postcode)
            if session and session.status in _UNUSABLE:
                self.store.sessions.move(
                    session, SessionStatus.ACTIVE, failed_message=None, bad_version=None
                )
            return "active", report.location or ""
        if report.failed_reason != LocationLost.reason:
            return "unknown", report.complaint
        self.expire(domain, postcode, version)
        return "inactive", report.complaint

    def _start(self, session: DeliverySession, undo: Callable[[], None]) -> None:
        job = job_name(session)
        forget_report(job)
        arguments = {
            "domain": session.domain,
            "postcode": session.postcode,
            "suburb": session.suburb or "",
            "replaces": session_version(session.domain, session.postcode),
        }
        try:
            self.scrapyd.run(job, arguments, FIRST, SPIDER)
        except ScrapydError:
            undo()
            raise

    def _move_on(self, session: DeliverySession) -> None:
        report = read_report(job_name(session))
        if report is not None:
            self._take(session, report)
            return
        try:
            state = self.scrapyd.state(job_name(session))
        except ScrapydError:
            return
        self._follow(session, state)

    def _take(self, session: DeliverySession, report: DeliveryReport) -> None:
        if report.suburbs:
            self.store.sessions.note_suburbs(session.id, report.suburbs)
        if report.stage == "done":
            self.store.sessions.move(
                session,
                SessionStatus.ACTIVE,
                failed_message=None,
                # Where the shop asks for none, the one asked for stays for the next time.
                suburb=report.suburb or session.suburb,
            )
        else:
            version = session_version(session.domain, session.postcode)
            said = report.complaint
            self.store.sessions.move(
                session, SessionStatus.FAILED, failed_message=said, bad_version=version
            )

    def _follow(self, session: DeliverySession, state: State | None) -> None:
        if state == "running" and session.status is SessionStatus.PENDING:
            self.store.sessions.move(session, SessionStatus.IN_PROGRESS)
        elif state == "running":
            self._kill_if_hung(session)
        elif state == "finished":
            # The report may have been written since it was last read.
            report = read_report(job_name(session))
            self._take(session, report or _silent("ended without a report; see its log"))
        elif state is None:
            self._miss(session)
        elif session.missing_since is not None:
            self.store.sessions.set_missing(session.id, None)

    def _kill_if_hung(self, session: DeliverySession) -> None:
        """Kill a job that has not ended itself after DELIVERY_TIMEOUT."""
        is_hung = seconds_since(session.updated_at) >= self.settings.hung_after
        if is_hung and self.scrapyd.kill(job_name(session)):
            self._take(session, _silent("hung and was killed"))

    def _miss(self, session: DeliverySession) -> None:
        if session.missing_since is None:
            self.store.sessions.set_missing(session.id, utc_now())
            return
        if seconds_since(session.missing_since) >= self.settings.lost_after:
            job = job_name(session)
            # It may hold the session's lock.
            self.scrapyd.end_orphan(job, process_of(job))
            self._take(session, _silent("was lost or cancelled"))

    def _undo(self, zipcode: Zipcode) -> None:
        self.store.sessions.undo_zipcode(zipcode.id)
        session = self.store.sessions.of(zipcode.session.domain, zipcode.session.postcode)
        if session is not None:
            self.forget(session)

    def _restore(self, before: DeliverySession) -> None:
        session = self.store.sessions.of(before.domain, before.postcode)
        if session is not None:
            self.store.sessions.move(
                session,
                before.status,
                suburb=before.suburb,
                failed_message=before.failed_message,
                bad_version=before.bad_version,
            )

    def _again(self, zipcode: Zipcode) -> Zipcode:
        return self.store.sessions.zipcode(zipcode.id) or zipcode


def check_at_shop(domain: str, postcode: str) -> DeliveryReport:
    """Run the check of a session, and return its report."""
    name = f"check-{uuid.uuid4().hex[:12]}"
    spider = [sys.executable, "-m", "category_crawler", "crawl", "delivery_check"]
    asked = {"domain": domain, "postcode": postcode, "report": name}
    arguments = [part for key, value in asked.items() for part in ("-a", f"{key}={value}")]
    subprocess.run(
        [*spider, *arguments, "-L", "ERROR"],
        cwd=PROJECT,
        env=without_secrets(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    report = read_report(name) or _silent("ended without a report")
    forget_report(name)
    return report


def _existing(domain: str, postcode: str) -> SavedSession | None:
    try:
        return SavedSession.load(domain, postcode)
    except SessionError:
        return None


def _has_file(domain: str, postcode: str) -> bool:
    return _existing(domain, postcode) is not None


def job_name(session: DeliverySession) -> str:
    """The session's job at Scrapyd: ``z<session>-<attempt>``."""
    return f"z{session.id}-{session.attempt}"


def _check_name(session: DeliverySession, version: str) -> str:
    """The job that checks just this version of a session's cookies."""
    return f"c{session.id}-{version}"


def _silent(what: str) -> DeliveryReport:
    said = f"The delivery job {what}"
    return DeliveryReport(stage="failed", failed_message=said, finished_at=utc_now())
