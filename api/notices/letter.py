"""What a mail says, and facts about runs in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.runners.asked import Asked
from api.runners.report import Report
from api.sentences import one_line
from api.store.stage import Stage
from category_crawler.errors import Cancelled

ABOUT_LINKS = "The links take your x-api-key or a token, as any call does."


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text of a mail."""

    subject: str
    text: str


def lines_of(facts: Mapping[str, object]) -> Iterator[str]:
    """One line for each fact that is not empty, by its name."""
    for name, fact in facts.items():
        if fact:
            yield f"{name + ':':<12}{one_line(str(fact))}"


def run_facts(run: Report) -> dict[str, object]:
    """Which run it is, what it was asked for, and how it ended."""
    asked = run["asked"]
    return {
        "Run": f"{one_line(run['name'])} (collection {run['collection']}, runner {run['id']})",
        "Category": _category(asked),
        "Address": asked.category_url,
        "Postcode": asked.postcode,
        "Filters": "; ".join(asked.filters),
        "Ended": f"{outcome(run).lower()}, {run['finished_at']}",
        "Products": products(run),
        "Reason": run["failed_message"] and f"{run['failed_reason']}: {run['failed_message']}",
        "Coverage": _coverage(run["coverage"], run["failed_message"]),
    }


def row_facts(run: Report) -> dict[str, object]:
    """Where the rows of a run are, or what became of them."""
    link = next(iter(run["download_links"]["pages"]), "")
    return {"Rows": link or _removed(run), "As a table": link.replace(".json", ".csv")}


def _category(asked: Asked) -> str:
    node = f"node {asked.amazon_node_id} of {asked.domain}"
    return f"{asked.node_name} ({node})" if asked.node_name else node


def _removed(run: Report) -> str:
    """When and by which rule the rows went; empty if that is not recorded."""
    at, rule = run["files_removed_at"], run["files_removed_by"]
    return f"removed at {at} by {rule}" if at else ""


def outcome(run: Report) -> str:
    """Cancelled, Done or Failed."""
    if run["failed_reason"] == Cancelled.reason:
        return "Cancelled"
    return "Done" if run["stage"] == Stage.DONE.value else "Failed"


def products(run: Report) -> str:
    """How many products it has kept."""
    return f"{run['asin_count']:,} product{'' if run['asin_count'] == 1 else 's'}"


def _coverage(coverage: dict[str, Any] | None, told: str | None) -> str:
    """In words; why it is so only where that has not been told already."""
    if coverage is None:
        return "not known"
    word = {True: "complete", False: "not complete"}.get(coverage["complete"], "not certain")
    reported = coverage.get("reported_total")
    of = f", the site reports {reported:,}" if reported is not None else ""
    why = coverage.get("why")
    return f"{word}{of}{f' ({why})' if why and why != told else ''}"
