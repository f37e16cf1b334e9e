"""Scrapyd for this project: configured from environment and home folder, gentle with its spiders.

``scrapy.cfg`` names :func:`application`; ports, folders and the password are not for a file that
everybody shares.
"""

import os
import sys

from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
from scrapyd import app
from scrapyd.config import Config
from scrapyd.webservice import spider_list
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    textFileLogObserver,
)
from twisted.python.components import Componentized

from category_crawler.daemon.address import PROJECT, console
from category_crawler.files.home import var_folder
from category_crawler.process_watch import PARENT, end_with_parent


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
        "launcher": "category_crawler.daemon.slots.Slots",
        "poller": "category_crawler.daemon.poller.StubbornPoller",
        "spiderqueue": "category_crawler.daemon.job_queue.JobQueue",
        "poll_interval": os.environ.get("SCRAPYD_POLL_INTERVAL", "0.5"),
        "runner": "category_crawler.daemon.scrapy_command",
        "max_proc_per_cpu": os.environ.get("SCRAPYD_MAX_PROC_PER_CPU", "2"),
        "logs_dir": str(folder / "logs"),
        "dbs_dir": str(folder / "scrapyd"),
        "eggs_dir": str(folder / "scrapyd" / "eggs"),
        "items_dir": "",
        "jobs_to_keep": "1000",
        "jobstorage": "category_crawler.daemon.job_history.JobHistory",
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


def _know_spiders() -> None:
    """Spare the first request the second that asking another process for the spiders takes."""
    spiders = SpiderLoader.from_settings(get_project_settings()).list()
    spider_list.cache[PROJECT][None] = spiders
