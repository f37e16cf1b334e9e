"""The mail about an ended run."""

from api.notices.letter import (
    ABOUT_LINKS,
    Letter,
    lines_of,
    outcome,
    products,
    row_facts,
    run_facts,
)
from api.runners.report import Report
from api.sentences import one_line


def run_letter(run: Report) -> Letter:
    """What the mail about the end of a run says."""
    lines = [*lines_of(run_facts(run) | row_facts(run))]
    if run["download_links"]["pages"]:
        lines += ["", ABOUT_LINKS]
    subject = f"{outcome(run)}: {one_line(run['name'])}, {products(run)}"
    return Letter(subject, "\n".join(lines))
