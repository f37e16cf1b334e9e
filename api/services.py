"""The services that views and commands use, created once per application."""

from dataclasses import dataclass
from typing import Self

from flask import Flask, current_app

from api.accounts.logins import Accounts
from api.accounts.rate_limit import RateLimit
from api.alerts.evaluator import Evaluator
from api.config import Settings
from api.delivery_sessions import Sessions
from api.exports.exporter import Exporter
from api.notices.outbox import Notices
from api.products.archive import Archive
from api.products.downloads import Downloads
from api.runners.lifecycle import Jobs
from api.runners.previews import Previews
from api.runners.repeats import Repeats
from api.scrapyd.client import Scrapyd
from api.scrapyd.cluster import Cluster
from api.scrapyd.job_service import JobService
from api.store import Store
from api.store.limits import Limits, Policy
from category_crawler.cluster.engine import engine
from category_crawler.files.home import var_folder

_NAME = "services"


@dataclass(frozen=True, slots=True)
class Services:
    """The rules of one application, over its store, its Scrapyd and its settings."""

    settings: Settings
    store: Store
    scrapyd: JobService
    cluster: Cluster | None
    """The same, where it is a cluster."""
    rate_limit: RateLimit
    accounts: Accounts
    sessions: Sessions
    jobs: Jobs
    repeats: Repeats
    previews: Previews
    downloads: Downloads
    archive: Archive
    notices: Notices
    alerts: Evaluator
    exporter: Exporter

    @classmethod
    def make(cls, settings: Settings) -> Self:
        """The services over the home folder's database and Scrapyd."""
        shared = engine()
        cluster = Cluster(shared) if shared else None
        store = Store(
            var_folder() / "api.db", exporting=bool(settings.export_url), policy=_policy(settings)
        )
        scrapyd = cluster or Scrapyd()
        sessions = Sessions(store, scrapyd, settings)
        limits = (settings.downloads_bytes, settings.min_free_bytes)
        downloads = Downloads(var_folder() / "downloads", *limits)
        jobs = Jobs(store, scrapyd, settings, sessions)
        return cls(
            settings=settings,
            store=store,
            scrapyd=scrapyd,
            cluster=cluster,
            rate_limit=RateLimit(settings.rate_limit),
            accounts=Accounts(store, settings),
            sessions=sessions,
            jobs=jobs,
            repeats=Repeats(jobs),
            previews=Previews(jobs),
            downloads=downloads,
            archive=Archive(store, downloads),
            notices=Notices(store, settings),
            # Who uses a folder of tables first empties it, and the watcher is another process.
            alerts=Evaluator(store, Downloads(var_folder() / "alerts", *limits), settings),
            exporter=Exporter(store, downloads, settings),
        )

    def init_app(self, app: Flask) -> None:
        """Make them the application's."""
        app.extensions[_NAME] = self


def _policy(settings: Settings) -> Policy:
    """What users may have at once, unless the operator has set something else for one."""
    limits = Limits(settings.running_limit, settings.priority_ceiling, settings.products_a_day)
    return Policy(limits, settings.jobs_in_queue, settings.credit_reserve)


def services() -> Services:
    """The current application's."""
    found: Services = current_app.extensions[_NAME]
    return found
