"""The plan that an earlier run of the same list has left, for the run that begins with it.

A finished run of a whole category leaves ``plan.json`` in its folder. A new run takes the newest
one of the folders beside its own that is of the same list: URL, filters, delivery day and postcode.
It keeps a copy, ``known.json``, so that it can be resumed when the earlier run is gone.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from category_crawler.files.atomic_write import write_whole
from category_crawler.files.record_file import LARGEST, read_record
from category_crawler.job import CategoryJob
from category_crawler.planning.known_plan import KnownPlan
from category_crawler.run.attempt_folder import run_path
from category_crawler.run.reader import KNOWN, PLAN
from category_crawler.run.writer import Run

logger = logging.getLogger(__name__)


def known_plan(job: CategoryJob, run: Run, continued: Path | None = None) -> KnownPlan | None:
    """The plan that this run begins with; None to plan as for a first run.

    A run with finished pages stays with the plan that they were requested by: its own, or that of
    the run ``continued``.
    """
    kept = _of_list(job, run.folder / KNOWN)
    if kept is None and continued is not None:
        kept = _of_list(job, continued / KNOWN)
        return _keep(run, kept) if kept else None
    if kept is not None or next(run.finished_pages(), None) is not None:
        return kept
    for path in _newest_first(run.folder):
        if found := _of_list(job, path):
            logger.info("The plan begins with the slices that %s has left", path.parent)
            return _keep(run, found)
    logger.info("No earlier run has left a plan of this list: a sample of it is read first")
    return None


def leave_plan(run: Run, plan: KnownPlan | None) -> None:
    """Write what the next run can begin with. The run is as good without it."""
    if plan is None:
        return
    content = plan.model_dump_json().encode()
    if len(content) > LARGEST:
        logger.warning("%s would be too large to be read: the next run begins anew", PLAN)
        return
    try:
        write_whole(run.folder / PLAN, [content])
    except OSError as error:
        logger.warning("%s could not be written (%s): the next run begins anew", PLAN, error)


def _of_list(job: CategoryJob, path: Path) -> KnownPlan | None:
    plan = read_record(path, KnownPlan)
    return plan if plan is not None and plan.is_for(job) else None


def _newest_first(folder: Path) -> Iterator[Path]:
    """The plans in the folders beside that of a run."""
    run = run_path(folder)
    found = ((_changed_at(path), path) for path in run.parent.glob(f"*/{PLAN}"))
    beside = sorted((at, path) for at, path in found if path.parent != run)
    yield from (path for _, path in reversed(beside))


def _changed_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0


def _keep(run: Run, plan: KnownPlan) -> KnownPlan | None:
    """Copy a plan into the run's folder; None if that fails, because a resumed run needs it."""
    try:
        write_whole(run.folder / KNOWN, [plan.model_dump_json().encode()])
    except OSError as error:
        logger.warning("%s could not be written (%s): planned as a first run", KNOWN, error)
        return None
    return plan
