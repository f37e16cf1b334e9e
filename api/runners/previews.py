"""Previews of crawls: what one page of the listing shows, before anything is paid for.

A preview is a short job of Scrapyd that writes a report. Nothing of it is recorded: reports, and
notes about the jobs, are files in ``results/reports/previews/`` that go :data:`KEPT_SECONDS` after
they were last asked for. The same request of a user joins the job that there is.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from api.runners.attempts import crawl_arguments
from api.runners.lifecycle import Jobs
from api.runners.request import AddSchedule
from api.scrapyd.job_service import FIRST, ScrapydError
from api.sentences import few_credits
from api.store.records import StoredRequest
from category_crawler.errors import Crashed, CrawlError, LocationLost
from category_crawler.run.preview_report import (
    PreviewReport,
    previews_folder,
    read_preview,
    report_file,
    write_preview,
)
from category_crawler.times import seconds_since

SPIDER = "preview"
KEPT_SECONDS = 600
_FAILED_KEPT_SECONDS = 60
"""Until a preview that failed is made again."""
MOST_OPEN = 3
"""Jobs of one user that wait or run."""
RETRY_SECONDS = 2
_NOTE = ".asked"
"""Ending of a note's name, which begins with the job's; it is touched whenever it is asked for."""


class PreviewNotReady(Exception):
    """Raised while a preview is being made; its text says how it stands."""

    def __init__(self, said: str, place: int | None = None) -> None:
        """``place`` is that in the queue, 1 for the next to run."""
        super().__init__(said)
        self.place = place


class TooManyPreviews(Exception):
    """Raised if a user has too many previews open."""

    def __init__(self) -> None:
        super().__init__(
            f"{MOST_OPEN} of your previews are being made already: wait until one is ready"
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a crawl would be like."""

    report: PreviewReport
    runs: int
    """Runs that crawl the same shop now, and share its pace."""
    credits: int | None
    """Credits that the crawl would take; None if the shop reports no total."""
    spendable: int | None
    """Credits that the user can spend; None without limit."""
    warnings: list[str]

    @property
    def seconds(self) -> float | None:
        """How long the crawl would take at the present pace; None without an estimate."""
        report = self.report
        if report.requests is None:
            return None
        pace = report.seconds_a_request * (self.runs + 1)
        return report.requests * max(pace, report.answer_seconds)


class Previews:
    """Starts the jobs of previews, and finds what came of them."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._scrapyd = jobs.scrapyd

    def of(self, user: int, request: AddSchedule) -> Preview:
        """The preview of a request; its job is started if there is none.

        Raises SessionMissing, PreviewNotReady while the job waits or runs, TooManyPreviews, and
        ScrapydError if Scrapyd did not take the job.
        """
        self._jobs.check_session(request)
        if found := self.find(user, request):
            return found
        self._start(user, request)
        raise PreviewNotReady("The preview has been started")

    def find(self, user: int, request: AddSchedule) -> Preview | None:
        """The preview of a request, None if there is none. Raises PreviewNotReady."""
        job = self._newest(user, request)
        if job is None:
            return None
        _note(job).touch()
        report = self._report(job)
        if report is None:
            raise self._not_ready(job)
        if report.failed_reason == LocationLost.reason:
            domain, code = request.domain, request.marketplace.postcode(request.postcode)
            assert code is not None, "the request is valid"
            self._jobs.sessions.expire(domain, code, report.session_version)
        return self._preview(user, request, report)

    def settle_old(self) -> None:
        """Stop and forget what nobody has asked for in a while."""
        before = time.time() - KEPT_SECONDS
        for path in previews_folder().glob("*"):
            if path.name == _lock().name or _changed_at(path) >= before:
                continue
            if path.suffix == _NOTE:
                self._forget(path.stem)
            elif not _note(path.stem).exists():
                # Of a job that was killed, or that ended after it was forgotten.
                path.unlink(missing_ok=True)

    def _forget(self, job: str) -> None:
        if self._scrapyd.state(job) in ("pending", "running"):
            self._scrapyd.stop(job)
        report_file(job).unlink(missing_ok=True)
        _note(job).unlink(missing_ok=True)

    def _start(self, user: int, request: AddSchedule) -> None:
        job = self._noted(user, request)
        if job is None:
            return
        try:
            self._scrapyd.run(job, _arguments(request), FIRST, SPIDER)
        except ScrapydError:
            _note(job).unlink(missing_ok=True)
            raise

    def _noted(self, user: int, request: AddSchedule) -> str | None:
        """The name of a new job, noted as open; None if there is one of the request by now."""
        previews_folder().mkdir(parents=True, exist_ok=True)
        with FileLock(_lock()):
            if self._newest(user, request) is not None:
                return None
            if sum(self._report(job) is None for job in _jobs(f"p{user}-")) >= MOST_OPEN:
                raise TooManyPreviews
            job = f"{_prefix(user, request)}{time.time_ns():x}"
            _note(job).touch()
            return job

    def _newest(self, user: int, request: AddSchedule) -> str | None:
        """The job of a request; None if there is none, or what it showed is too old."""
        job = max(_jobs(_prefix(user, request)), default=None)
        report = read_preview(job) if job else None
        if report is None:
            return job
        kept = KEPT_SECONDS if report.stage == "done" else _FAILED_KEPT_SECONDS
        return job if seconds_since(report.finished_at) < kept else None

    def _report(self, job: str) -> PreviewReport | None:
        """What a job has reported; None while it waits or runs."""
        if report := read_preview(job):
            return report
        try:
            state = self._scrapyd.state(job)
        except ScrapydError:
            return None
        if state in ("pending", "running") or (state is None and not self._is_lost(job)):
            return None
        # The report may have been written since it was last read.
        return read_preview(job) or _fail(
            job,
            Crashed("The preview ended without a report; its log is in Scrapyd's console")
            if state
            else Crashed("The preview's job was lost or cancelled"),
        )

    def _is_lost(self, job: str) -> bool:
        """Whether Scrapyd should know a job by now."""
        age = time.time() - int(job.rpartition("-")[2], 16) / 1e9
        return age > self._jobs.settings.lost_after + 1

    def _not_ready(self, job: str) -> PreviewNotReady:
        place = self._scrapyd.queue_position(job)
        if place is None:
            return PreviewNotReady("The preview is being made")
        said = f"The preview waits for a slot, as number {place} in the queue"
        return PreviewNotReady(said, place)

    def _preview(self, user: int, request: AddSchedule, report: PreviewReport) -> Preview:
        found = [report.reported_total, request.max_products]
        wanted = None if report.problem else min(filter(None, found), default=None)
        spendable = self._jobs.store.credits.of(user).spendable
        warnings = [*request.warnings, *report.warnings]
        return Preview(
            report=report,
            runs=self._jobs.store.runners.scraping_at(request.domain),
            credits=0 if report.reported_total == 0 else wanted,
            spendable=spendable,
            warnings=[*dict.fromkeys(warnings), *few_credits(spendable, wanted or 0)],
        )


def _fail(job: str, error: CrawlError) -> PreviewReport:
    report = PreviewReport.failed(error)
    write_preview(job, report)
    return report


def _arguments(request: AddSchedule) -> dict[str, str]:
    return crawl_arguments(StoredRequest(request.model_dump(mode="json")))


def _prefix(user: int, request: AddSchedule) -> str:
    """The beginning of the names of a request's jobs, as far as its answer depends on it."""
    asked = json.dumps(_arguments(request), sort_keys=True)
    return f"p{user}-{sha256(asked.encode()).hexdigest()[:16]}-"


def _jobs(prefix: str) -> Iterator[str]:
    """The noted jobs whose names begin so."""
    return (path.stem for path in previews_folder().glob(f"{prefix}*{_NOTE}"))


def _note(job: str) -> Path:
    return previews_folder() / f"{job}{_NOTE}"


def _lock() -> Path:
    return previews_folder() / "lock"


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
