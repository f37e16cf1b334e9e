"""The names of runs' jobs: ``r<runner>-<attempt>``."""

import re

_JOB = re.compile(r"r(?P<runner>\d{1,18})-\d+", re.ASCII)


def name_of_job(runner: int, attempt: int) -> str:
    """The job of an attempt at a runner's run."""
    return f"r{runner}-{attempt}"


def runner_of_job(job: str) -> int | None:
    """The runner that a job is an attempt of; None of another kind of job."""
    found = _JOB.fullmatch(job)
    return int(found["runner"]) if found else None
