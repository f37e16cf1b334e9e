"""Telling of runs that have ended: each notice in its turn, again and again for a day.

Notices are delivered by threads of their own: neither a dead mail server nor a slow webhook holds
up a run. A notice is claimed before it is sent, so that one watcher sends it; after a crash in the
middle of it another one does once the claim is over, with the same Message-ID or X-Event-Id.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.config import Settings, api_port
from api.mail import send_mail
from api.report import report
from api.store import Row, Store
from api.undelivered import DeliveryOff, NotDelivered
from api.webhook import call_webhook
from category_crawler.run import seconds_since

logger = logging.getLogger(__name__)

TRIED_FOR = 86_400
"""Seconds from the end of a run until its notices are given up."""
_FIRST_PAUSE, _LONGEST_PAUSE = 10, 3600
_THREADS = 3
_LAST_WORDS = 2
"""Seconds that a stop waits for what is being sent."""
_LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class Notices:
    """The notices in the store, and the means to deliver them."""

    store: Store
    settings: Settings

    def deliver_next(self) -> bool:
        """Try the next notice that is due; whether there was one."""
        notice = self.store.claim_notice(self.settings.notice_lease)
        if notice is None:
            return False
        try:
            self._send(notice)
        except DeliveryOff:
            self.store.settle_notice(notice, "off", None)
        except NotDelivered as error:
            self._try_later(notice, str(error)[:_LONGEST_SAID], for_good=error.for_good)
        else:
            self.store.settle_notice(notice, "sent", None)
        return True

    def deliver(self, stop: threading.Event) -> None:
        """Deliver what is due until told to stop."""
        while not stop.is_set():
            try:
                busy = self.deliver_next()
            except (OSError, sqlite3.Error):
                logger.exception("This notice failed; it is tried again")
                busy = False
            if not busy:
                stop.wait(self.settings.watch_interval)

    @contextmanager
    def delivering(self, stop: threading.Event) -> Iterator[None]:
        """Have notices delivered beside what is done within."""
        if not self.settings.smtp_host:
            logger.info("No mail is sent when a run ends: smtp_host is not set")
        threads = [
            # What hangs in a connection must not keep the process from ending.
            threading.Thread(target=self.deliver, args=(stop,), daemon=True)
            for _ in range(_THREADS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            # A service manager's patience ends after some seconds for all of them together.
            deadline = time.monotonic() + _LAST_WORDS
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _send(self, notice: Row) -> None:
        if notice["kind"] == "mail" and not self.settings.smtp_host:
            raise DeliveryOff
        runner = self.store.runner(notice["runner"])
        assert runner is not None
        run = report(runner, self.settings.public_url or f"http://127.0.0.1:{api_port()}")
        if notice["kind"] == "mail":
            send_mail(notice, run, self.settings)
        else:
            call_webhook(notice, run, runner["user"], self.settings)

    def _try_later(self, notice: Row, said: str, *, for_good: bool) -> None:
        pause = min(_FIRST_PAUSE * 2 ** (notice["tries"] - 1), _LONGEST_PAUSE)
        what = f"{notice['kind']} of runner {notice['runner']}"
        if for_good or seconds_since(notice["created_at"]) + pause > TRIED_FOR:
            logger.warning("The %s is given up: %s", what, said)
            self.store.settle_notice(notice, "given up", said)
        else:
            logger.warning("The %s is tried again in %s s: %s", what, pause, said)
            self.store.postpone_notice(notice, pause, said)
