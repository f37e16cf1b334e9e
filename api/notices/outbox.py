"""Delivers notices of ended runs and of alerts, and retries each for a day.

Each delivery has a thread of its own and a timeout, and each user and kind of notice has a limit of
concurrent deliveries: a dead mail server or slow receivers delay no run and no other user's
notices. A watcher claims a notice before it sends it. If it crashes while sending, another watcher
sends the notice after the lease, with the same Message-ID or webhook-id.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass

from api.alerts.findings import Findings
from api.alerts.report import AlertReport, alert_report
from api.config import Settings
from api.notices.alert_letter import alert_letter
from api.notices.daemon_thread import in_daemon_thread
from api.notices.mail import send_mail
from api.notices.run_letter import run_letter
from api.notices.undelivered import DeliveryOff, NotDelivered
from api.runners.report import Report, report
from api.sentences import one_line
from api.store import Store
from api.store.records import Notice, NoticeAbout, NoticeKind, NoticeStatus
from category_crawler.log_lines import lines_of
from category_crawler.times import seconds_since

logger = logging.getLogger(__name__)

TRIED_FOR = 86_400
"""Seconds from the end of a run until its notices are given up."""
_FIRST_PAUSE, _LONGEST_PAUSE = 10, 3600
_AT_ONCE, _SHARE = 32, 4
"""Most concurrent deliveries of one kind, in all and for one user."""
_STOP_SECONDS = 2
"""Seconds to wait for running deliveries when the process stops."""
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Notices:
    """Delivers the notices in the store."""

    store: Store
    settings: Settings

    def deliver_next(self) -> bool:
        """Deliver the next notice that is due; whether there was one."""
        notice = self.store.notices.claim(self.settings.notice_lease)
        if notice is not None:
            self._deliver(notice)
        return notice is not None

    def deliver(self, kind: NoticeKind, stop: threading.Event) -> None:
        """Deliver notices of one kind, several at once, until ``stop`` is set."""
        sending: dict[Future[None], int] = {}
        while not stop.is_set():
            sending = {one: user for one, user in sending.items() if not one.done()}
            if started := self._start_next(kind, list(sending.values())):
                sending |= started
            elif sending:
                wait(sending, self.settings.watch_interval, FIRST_COMPLETED)
            else:
                stop.wait(self.settings.watch_interval)
        wait(sending)

    @contextmanager
    def delivering(self, stop: threading.Event) -> Iterator[None]:
        """Deliver notices in the background while the context is open."""
        if not self.settings.smtp_host:
            logger.info("No mail is sent when a run ends: smtp_host is not set")
        threads = [
            # Daemons, because a running delivery must not delay the end of the process.
            threading.Thread(target=self.deliver, args=(kind, stop), daemon=True)
            for kind in NoticeKind
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            # A service manager kills the process some seconds after it asks it to stop.
            deadline = time.monotonic() + _STOP_SECONDS
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _start_next(self, kind: NoticeKind, users: list[int]) -> dict[Future[None], int]:
        """Start the next delivery if one is due; ``users`` are those of the running ones."""
        if len(users) >= _AT_ONCE:
            return {}
        full = [user for user, number in Counter(users).items() if number >= _SHARE]
        try:
            notice = self.store.notices.claim(self.settings.notice_lease, kind, full)
            return {in_daemon_thread(self._deliver_apart, notice): notice.user} if notice else {}
        except Exception:
            logger.exception("The next %s could not be started; it is tried again later", kind)
            return {}

    def _deliver_apart(self, notice: Notice) -> None:
        """Deliver a claimed notice, then close this thread's connection."""
        try:
            self._deliver(notice)
        finally:
            self.store.close()

    def _deliver(self, notice: Notice) -> None:
        """Deliver a claimed notice. Raises nothing."""
        try:
            with lines_of({"run": str(notice.runner)}):
                self._try(notice)
        except Exception:
            logger.exception("The result of the %s could not be recorded", _name(notice))

    def _try(self, notice: Notice) -> None:
        try:
            self._send(notice)
        except DeliveryOff:
            self.store.notices.settle(notice, NoticeStatus.OFF, None)
        except NotDelivered as error:
            self._try_later(notice, str(error), for_good=error.for_good)
        except Exception as error:
            logger.exception("The %s could not be made", _name(notice))
            self._try_later(notice, f"{type(error).__name__}: {error}", for_good=False)
        else:
            self.store.notices.settle(notice, NoticeStatus.SENT, None)

    def _send(self, notice: Notice) -> None:
        if notice.kind is NoticeKind.MAIL and not self.settings.smtp_host:
            raise DeliveryOff
        runner = self.store.runners.get(notice.runner)
        if runner is None:
            raise NotDelivered("the runner no longer exists", for_good=True)
        base = self.settings.address
        told = report(runner, base, schedule=self.store.schedules.of(runner.collection.id))
        if notice.about is NoticeAbout.ALERT:
            self._tell_alert(notice, alert_report(self._found(notice), told, base))
        else:
            self._tell_end(notice, told)

    def _tell_end(self, notice: Notice, run: Report) -> None:
        if notice.kind is NoticeKind.MAIL:
            send_mail(notice, run_letter(run), self.settings)
        else:
            self._call(notice, run)

    def _tell_alert(self, notice: Notice, alert: AlertReport) -> None:
        if notice.kind is NoticeKind.MAIL:
            send_mail(notice, alert_letter(alert), self.settings)
        else:
            self._call(notice, alert)

    def _call(self, notice: Notice, told: Report | AlertReport) -> None:
        # It takes 0.3 s to load, and only the watcher calls.
        from api.notices.webhook_call import call_webhook

        call_webhook(notice, told, notice.user, self.settings)

    def _found(self, notice: Notice) -> Findings:
        tried = self.store.alerts.tried(notice.runner)
        assert tried is not None, "an alert's notices are recorded with what was found"
        return Findings.model_validate_json(tried.found)

    def _try_later(self, notice: Notice, said: str, *, for_good: bool) -> None:
        said = one_line(said)[:_LONGEST_REASON]
        pause = min(_FIRST_PAUSE * 2 ** (notice.tries - 1), _LONGEST_PAUSE)
        if for_good or seconds_since(notice.created_at) + pause > TRIED_FOR:
            logger.warning("The %s is given up: %s", _name(notice), said)
            self.store.notices.settle(notice, NoticeStatus.GIVEN_UP, said)
        else:
            logger.warning("The %s is tried again in %s s: %s", _name(notice), pause, said)
            self.store.notices.postpone(notice, pause, said)


def _name(notice: Notice) -> str:
    what = "alert by " if notice.about is NoticeAbout.ALERT else ""
    return f"{what}{notice.kind} of runner {notice.runner}"
