"""Crawls that a reader of the pages has asked for."""

from typing import Any

from flask import Flask

from api.runners.attempts import folder_of
from api.runners.request import AddSchedule
from api.services import Services
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.files.home import var_folder
from tests.api.services import BODY
from tests.waiting import until


def services_of(app: Flask) -> Services:
    """The application's services."""
    found: Services = app.extensions["services"]
    return found


def start(app: Flask, user: int, **fields: Any) -> Runner:
    """Ask for the example category, at a real Scrapyd; its runner."""
    services = services_of(app)
    started = services.jobs.start(user, AddSchedule(**BODY | fields), [])
    runner = services.store.runners.get(started.runner)
    assert runner is not None
    return runner


def until_ended(app: Flask, runner: Runner) -> Runner:
    """Wait until a runner has ended; how it is then."""
    return until(lambda: refreshed(app, runner), lambda now: now.has_ended)


def until_gone(app: Flask, runner: Runner) -> Runner:
    """Wait until a cancelled runner's job is gone, as the watcher does; how it is then."""
    jobs = services_of(app).jobs

    def seen_out() -> Runner:
        jobs.finish_cancel(refreshed(app, runner))
        return refreshed(app, runner)

    return until(seen_out, lambda now: now.is_over)


def until_moving(app: Flask, runner: Runner) -> Runner:
    """Wait until a runner's crawl has kept something; how it is then."""

    def kept() -> int:
        refreshed(app, runner)
        progress = folder_of(runner).progress
        return progress.products_found if progress else 0

    until(kept, bool)
    return refreshed(app, runner)


def refreshed(app: Flask, runner: Runner) -> Runner:
    """A runner as it is now."""
    services = services_of(app)
    stored = services.store.runners.get(runner.id)
    assert stored is not None
    return services.jobs.refresh(stored)


def stored(app: Flask, user: int, name: str = "Lamps", **fields: Any) -> Runner:
    """A collection that is only recorded; its runner is queued, and there is no job."""
    return services_of(app).store.runners.add_collection(
        user, name, StoredRequest(BODY | fields), []
    )


def ended(app: Flask, runner: Runner, reason: str = "", message: str = "", kept: int = 0) -> Runner:
    """End a recorded runner: failed for a reason, else done; how it is then."""
    outcome = (
        Outcome(Stage.FAILED, kept, failed_reason=reason, failed_message=message)
        if reason
        else Outcome(Stage.DONE, kept)
    )
    store = services_of(app).store
    store.runners.end(runner.id, outcome)
    now = store.runners.get(runner.id)
    assert now is not None
    return now


def exported(app: Flask, runner: Runner, url: str) -> Runner:
    """End a recorded runner where results are exported: one file is there, the other is not yet."""
    store = Store(var_folder() / "api.db", exporting=True)
    store.runners.end(runner.id, Outcome(Stage.DONE, 10))
    first, second = store.exports.claim(60), store.exports.claim(60)
    assert first is not None
    assert second is not None
    store.exports.settle_stored(first, url, 1_234_000)
    store.exports.postpone(second, 60, "The store refuses it (AccessDenied)")
    store.close()
    return refreshed(app, runner)


def page_of(runner: Runner) -> str:
    """Where the page of a runner is."""
    return f"/collections/{runner.collection.id}/runs/{runner.id}/"
