"""The mail about what a collection's alerts have found."""

from collections.abc import Iterator
from typing import Any

from api.alerts.findings import Match
from api.alerts.report import AlertReport
from api.alerts.rules import ProductRule
from api.notices.letter import ABOUT_LINKS, Letter, lines_of, row_facts, run_facts
from api.sentences import one_line

_MOST_IN_SUBJECT = 3
_LONGEST_TITLE = 100


def alert_letter(alert: AlertReport) -> Letter:
    """What the mail about an alert says."""
    run = alert["run"]
    matches = [match for match in alert["rules"] if match.count]
    short = [_short(match) for match in matches[:_MOST_IN_SUBJECT]]
    more = len(matches) - len(short)
    told = ", ".join([*short, *([f"{more} more"] if more else [])])
    return Letter(f"Alert: {one_line(run['name'])}: {told}", "\n".join(_lines(alert, matches)))


def _short(match: Match) -> str:
    words = one_line(match.rule.words)
    return f"{words} ({match.count:,})" if isinstance(match.rule, ProductRule) else words


def _lines(alert: AlertReport, matches: list[Match]) -> Iterator[str]:
    run = alert["run"]
    yield from lines_of(run_facts(run))
    if alert["from_runner"] is not None:
        yield from lines_of({"Compared": f"with runner {alert['from_runner']}"})
    for match in matches:
        yield ""
        yield from _found(match)
    yield ""
    yield from lines_of(row_facts(run) | _change_facts(alert))
    if run["download_links"]["pages"] or alert["download_links"]:
        yield from ("", ABOUT_LINKS)


def _found(match: Match) -> Iterator[str]:
    words = one_line(match.rule.words)
    if not isinstance(match.rule, ProductRule):
        yield f"{words[:1].upper()}{words[1:]}"
        return
    noun = "product" if match.count == 1 else "products"
    left = match.count - len(match.items)
    yield f"{words[:1].upper()}{words[1:]}: {match.count:,} {noun}"
    for item in match.items:
        yield f"  {_price(item):<28} {_title(item)}"
        yield f"  {item['url'] or item['asin']}"
    if left and match.items:
        yield f"  and {left:,} more"


def _title(item: dict[str, Any]) -> str:
    title = one_line(item["title"] or item["asin"])
    return title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]}…"


def _price(item: dict[str, Any]) -> str:
    """The price before and now, as far as known: ``29.99 -> 19.99 AUD (-33 %)``."""
    both = (item["price_cents_before"], item["price_cents"])
    known = dict.fromkeys(cents for cents in both if cents is not None)
    if not known:
        return "no price"
    prices = " -> ".join(f"{cents / 100:,.2f}" for cents in known)
    percent = item["price_change_percent"]
    change = f" ({percent:+.0f} %)" if percent else ""
    return f"{prices} {item['currency'] or ''}{change}"


def _change_facts(alert: AlertReport) -> dict[str, object]:
    links = alert["download_links"]
    names = {"csv": "Changes", "xlsx": "As Excel", "parquet": "As Parquet"}
    files: dict[str, object] = {name: links.get(form) for form, name in names.items()}
    return files | {"Gone": alert["why"]}
