"""The log of a job at Scrapyd, for the operator: its last lines, or all of it."""

import re
from pathlib import Path

from flask import Response, render_template, send_file
from flask.typing import ResponseReturnValue

from api.rest.problem import ApiError
from api.store.records import Role
from api.web.page import page
from category_crawler.daemon.address import PROJECT
from category_crawler.files.home import logs_folder

blueprint = page("job_log", __name__, "/operator/jobs/<spider>/<job>", role=Role.OPERATOR)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MOST_BYTES = 100_000
"""Bytes of the log's end that the page shows."""


@blueprint.get("/log")
def show(spider: str, job: str) -> ResponseReturnValue:
    """The end of the log."""
    path = _path(spider, job)
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _MOST_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    is_cut = size > _MOST_BYTES
    return render_template(
        "web/job_log.html", spider=spider, job=job, lines=lines[is_cut:], is_cut=is_cut
    )


@blueprint.get("/log.txt")
def whole(spider: str, job: str) -> Response:
    """All of the log, as text."""
    return send_file(_path(spider, job), mimetype="text/plain", download_name=f"{job}.txt")


def _path(spider: str, job: str) -> Path:
    path = logs_folder() / PROJECT / spider / f"{job}.log"
    if not (_NAME.fullmatch(spider) and _NAME.fullmatch(job) and path.is_file()):
        raise ApiError(404, f"There is no log of job {job}: the newest 1,000 of a spider are kept")
    return path
