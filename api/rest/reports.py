"""Reports of runners, with the links of the current request."""

import logging
from collections.abc import Sequence

from api.rest.links import base_url
from api.runners.attempts import folder_of
from api.runners.report import Report, report
from api.services import services
from api.store.records import Runner
from api.store.schedules import Schedule

logger = logging.getLogger(__name__)


def report_of(runner: Runner, *, is_whole: bool | None = None) -> Report:
    """The report of one runner; see :func:`api.runners.report.report`."""
    schedule = services().store.schedules.of(runner.collection.id)
    return _report(runner, schedule, is_whole=is_whole)


def reports_of(runners: Sequence[Runner]) -> list[Report]:
    """The reports of the newest runners of some collections; see :func:`latest`."""
    schedules = services().store.schedules.of_all([one.collection.id for one in runners])
    return [_report(one, schedules.get(one.collection.id)) for one in runners]


def latest(runner: Runner) -> Runner:
    """The refreshed runner; the stored one if the refresh fails, so that it is shown."""
    try:
        return services().jobs.refresh(runner)
    except Exception:
        logger.exception("Runner %s could not be refreshed; it is listed as stored", runner.id)
        return runner


def facts_of(runner: Runner) -> tuple[object, ...]:
    """What the report of a runner depends on, without reading its files."""
    position = services().jobs.queue_position(runner)
    state = (runner.id, runner.attempt, runner.stage, runner.is_stopping, position)
    return (*state, folder_of(runner).version)


def _report(runner: Runner, schedule: Schedule | None, *, is_whole: bool | None = None) -> Report:
    jobs = services().jobs
    position, waits = jobs.queue_position(runner), jobs.turns.waits(runner)
    return report(runner, base_url(), position, schedule, is_whole=is_whole, waits=waits)
