"""What an alert tells: the run as clients see it, and what each rule has found."""

from typing import Literal, TypedDict

from api.alerts.findings import Findings, Match
from api.products.comparison import changes_links
from api.runners.report import Report


class AlertReport(TypedDict):
    """The body of an alert's webhook; its mail says the same."""

    type: Literal["alert"]
    run: Report
    """As in the webhook about the end of the run."""
    from_runner: int | None
    """The run that its list was compared with; None if lists were not compared."""
    why: str | None
    """Why products that were not seen count as gone, or do not."""
    rules: list[Match]
    """Each rule, with the ``count`` of what it has found and the first ``items`` of it."""
    download_links: dict[str, str]
    """All changes as files; empty if lists were not compared."""


def alert_report(found: Findings, run: Report, base: str) -> AlertReport:
    """The report of what was found for a run; links begin with ``base``."""
    earlier = found.from_runner
    links = changes_links(base, run["collection"], earlier, run["id"]) if earlier else {}
    return {
        "type": "alert",
        "run": run,
        "from_runner": earlier,
        "why": found.why,
        "rules": found.matches,
        "download_links": links,
    }
