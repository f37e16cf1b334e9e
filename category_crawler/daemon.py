"""Scrapyd for this project: configured from environment and home folder, gentle with its spiders.

``scrapy.cfg`` names :func:`application`; ports, folders and the password are not for a file that
everybody shares.
"""

import os
import sys
from collections.abc import Generator
from typing import Any

from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
from scrapyd import app
from scrapyd.config import Config
from scrapyd.poller import QueuePoller
from scrapyd.webservice import Cancel, Schedule, spider_list
from twisted.internet import reactor, task
from twisted.internet.defer import inlineCallbacks
from twisted.internet.error import ProcessExitedAlready
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    textFileLogObserver,
)
from twisted.python.components import Componentized

from category_crawler.cancellation import note_cancelled
from category_crawler.console import PROJECT, console
from category_crawler.home import var_folder
from category_crawler.process_watch import PARENT, end_with_parent

log = Logger()

_ANSWER_SECONDS = 0.01


def application(config: Config) -> Componentized:
    """Scrapyd's own application, with our settings in place of those of ``scrapy.cfg``."""
    end_with_parent()
    # Set before a child is there: one whose Scrapyd dies while it starts must know whose it was.
    os.environ[PARENT] = str(os.getpid())
    door = console()
    folder = var_folder()
    values = {
        "bind_address": "127.0.0.1",
        "http_port": str(door.port),
        "username": door.username,
        "password": door.password,
        "launcher": "category_crawler.slots.Slots",
        "poller": f"{__name__}.StubbornPoller",
        "spiderqueue": "category_crawler.job_queue.JobQueue",
        "poll_interval": os.environ.get("SCRAPYD_POLL_INTERVAL", "0.5"),
        "runner": "category_crawler.runner",
        "max_proc_per_cpu": os.environ.get("SCRAPYD_MAX_PROC_PER_CPU", "2"),
        "logs_dir": str(folder / "logs"),
        "dbs_dir": str(folder / "scrapyd"),
        "eggs_dir": str(folder / "scrapyd" / "eggs"),
        "items_dir": "",
        "jobs_to_keep": "1000",
        "jobstorage": "category_crawler.job_history.JobHistory",
        "finished_to_keep": "1000",
    }
    for option, value in values.items():
        config.cp.set(config.SECTION, option, value.replace("%", "%%"))
    _know_spiders()
    scrapyd: Componentized = app.application(config)
    return scrapyd


def quiet_log() -> FilteringLogObserver:
    """Scrapyd's log on standard output, without a line for each request that it answers."""
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.info)
    levels.setLogLevelForNamespace("twisted.python.log", LogLevel.warn)
    # Their types are zope's interfaces, which mypy cannot follow.
    return FilteringLogObserver(textFileLogObserver(sys.stdout), [levels])  # type: ignore


class StubbornPoller(QueuePoller):
    """Logs an error and polls again; Scrapyd's own would never poll again and look healthy.

    Once Scrapyd ends, jobs stay in the queue: whatever it started now would outlive it.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.is_ending = False
        self._trouble = ""
        """Why the latest poll failed; empty where it did not."""

    @inlineCallbacks
    def poll(self) -> Generator[Any, Any, None]:
        if self.is_ending:
            return
        try:
            yield super().poll()
        except Exception as error:
            self._note(f"{type(error).__name__}: {error}")
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        """Log a trouble when it begins and when it ends, not at every poll."""
        if trouble and trouble != self._trouble:
            log.error("The queue cannot be read, each poll tries again: {it}", it=trouble)
        elif self._trouble and not trouble:
            log.info("The queue can be read again")
        self._trouble = trouble


class PromptSchedule(Schedule):
    """Has the queue looked at as soon as a job is in it, too, and not only on the timer."""

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        answer = super().render_POST(txrequest)
        # Starting a process takes long enough to hold the answer up: it goes out first.
        task.deferLater(reactor, _ANSWER_SECONDS, self.root.poller.poll)
        return answer


class GentleCancel(Cancel):
    """Notes whom it cancels, and sends INT once: at a second, Scrapy drops what it is writing."""

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        job = txrequest.args.get(b"job", [b""])[0].decode(errors="replace")
        if txrequest.args.get(b"signal", [b"INT"])[0] == b"INT":
            note_cancelled(job)
            if self._has_heard(job):
                return {"prevstate": "running"}
        try:
            return super().render_POST(txrequest)
        except ProcessExitedAlready:
            return {"prevstate": None}

    def _has_heard(self, job: str) -> bool:
        """Whether the job's process was sent an INT before; from now on it was."""
        for process in self.root.launcher.processes.values():
            if process.job == job:
                has_heard, process.has_heard = hasattr(process, "has_heard"), True
                return has_heard
        return False


def _know_spiders() -> None:
    """Spare the first request the second that asking another process for the spiders takes."""
    spiders = SpiderLoader.from_settings(get_project_settings()).list()
    spider_list.cache[PROJECT][None] = spiders
