"""Starts Scrapyd with settings from the environment and the home folder.

``python -m category_crawler.daemon`` runs :func:`application`. In a checkout ``scrapy.cfg`` names
it, too, so that Scrapyd's own command starts nothing else.
"""

import os
import sys

from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
from scrapyd import app
from scrapyd.config import Config
from scrapyd.interfaces import IEnvironment
from scrapyd.webservice import spider_list
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
)
from twisted.python.components import Componentized

from category_crawler.cluster.engine import engine
from category_crawler.cluster.membership import check_membership, lease, queue_url
from category_crawler.daemon.address import PROJECT, console
from category_crawler.daemon.capacity import poll_interval, slots_per_core
from category_crawler.daemon.cluster_slots import ClaimEnvironment
from category_crawler.daemon.job_database import set_damaged_aside
from category_crawler.daemon.log import observer
from category_crawler.environment import without_secrets
from category_crawler.errors import InvalidSetting
from category_crawler.files.home import logs_folder, var_folder
from category_crawler.process_watch import PARENT, exit_with_parent
from category_crawler.scrapy_project import SETTINGS, use_project

_BEATS_IN_A_LEASE = 5
_SERVICES = {
    "schedule.json": "category_crawler.daemon.webservices.ImmediateSchedule",
    "cancel.json": "category_crawler.daemon.webservices.NotedCancel",
    "slots.json": "category_crawler.daemon.slots.SlotStatus",
    # Code is what is installed; none comes in over the network.
    "addversion.json": "",
    "delproject.json": "",
    "delversion.json": "",
}
"""Scrapyd's web services that are ours, or off."""
_SERVICES_OF_NODE = {
    # The API pushes jobs into the engine: a node that is silent must not hold one up.
    "schedule.json": "",
    "cancel.json": "category_crawler.daemon.cluster_cancel.ClusterCancel",
}


def application(config: Config) -> Componentized:
    """Scrapyd's application with our settings."""
    exit_with_parent()
    kept = without_secrets()
    for name in set(os.environ) - set(kept):
        del os.environ[name]
    # Set before any child starts, so that a child can notice if Scrapyd dies at once.
    os.environ[PARENT] = str(os.getpid())
    use_project()
    try:
        is_node = bool(queue_url())
        values = _values() | (_values_of_node() if is_node else {})
    except InvalidSetting as error:
        sys.exit(f"Wrong settings: {error}")
    for option, value in values.items():
        config.cp.set(config.SECTION, option, value.replace("%", "%%"))
    for service, place in (_SERVICES | (_SERVICES_OF_NODE if is_node else {})).items():
        config.cp.set("services", service, place)
    config.cp.read_dict({"settings": {PROJECT: SETTINGS}})
    set_damaged_aside(var_folder() / "scrapyd")
    _cache_spiders()
    scrapyd: Componentized = app.application(config)
    if is_node:
        # Twisted gives it no types.
        scrapyd.setComponent(IEnvironment, ClaimEnvironment(config))  # type: ignore
    return scrapyd


def _values() -> dict[str, str]:
    """Scrapyd's options that differ from its defaults. Raises InvalidSetting."""
    scrapyd_console = console()
    folder = var_folder()
    return {
        "bind_address": scrapyd_console.address,
        "http_port": str(scrapyd_console.port),
        "username": scrapyd_console.username,
        "password": scrapyd_console.password,
        "webroot": "category_crawler.daemon.webservices.Console",
        "launcher": "category_crawler.daemon.slots.Slots",
        "poller": "category_crawler.daemon.poller.RetryingPoller",
        "spiderqueue": "category_crawler.daemon.job_queue.JobQueue",
        "poll_interval": str(poll_interval()),
        "runner": "category_crawler.daemon.scrapy_command",
        "max_proc_per_cpu": str(slots_per_core()),
        "logs_dir": str(logs_folder()),
        "dbs_dir": str(folder / "scrapyd"),
        "eggs_dir": str(folder / "scrapyd" / "eggs"),
        "items_dir": "",
        "jobs_to_keep": "1000",
        "jobstorage": "category_crawler.daemon.job_history.JobHistory",
        "finished_to_keep": "1000",
    }


def _values_of_node() -> dict[str, str]:
    """The options in which a node of a cluster differs. Raises InvalidSetting."""
    engine()
    check_membership()
    return {
        "spiderqueue": "category_crawler.daemon.cluster_queue.ClusterQueue",
        "poller": "category_crawler.daemon.cluster_poller.ClusterPoller",
        "launcher": "category_crawler.daemon.cluster_slots.ClusterSlots",
        "poll_interval": str(min(poll_interval(), lease() / _BEATS_IN_A_LEASE)),
    }


def quiet_log() -> FilteringLogObserver:
    """Scrapyd's log, without a line for each HTTP request."""
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.info)
    levels.setLogLevelForNamespace("twisted.python.log", LogLevel.warn)
    # mypy does not understand zope interfaces.
    return FilteringLogObserver(observer(), [levels])  # type: ignore


def _cache_spiders() -> None:
    """Fill Scrapyd's list of spiders; otherwise its first request takes a second to ask for it."""
    spiders = SpiderLoader.from_settings(get_project_settings()).list()
    spider_list.cache[PROJECT][None] = spiders
