"""The operator's command about the audit trail: ``flask --app api audit list``."""

import click

from api.commands.age import seconds_in
from api.commands.command import CommandGroup
from api.commands.table import echo_table
from api.services import services
from category_crawler.times import utc_in

audit = CommandGroup("audit", help="Who did what, and when.")

_HEADING = ("at", "who", "from", "what", "thing", "detail", "outcome")


@audit.command("list")
@click.option("--user", help="Only what this e-mail address or account of the system did.")
@click.option("--since", metavar="AGE", help="Only of the last 12h, 30d or 2w.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
def list_deeds(user: str | None, since: str | None, limit: int) -> None:
    """List what users and operators did, the newest first; times are UTC."""
    after = utc_in(-seconds_in(since, "--since")) if since else ""
    found = services().store.audit.latest(limit, who=user, since=after)
    rows = [
        (
            *(one.at, one.who, f"{one.origin} {one.address}".rstrip()),
            *(one.what, one.thing, one.detail, one.outcome or "cut off"),
        )
        for one in found
    ]
    echo_table(_HEADING, rows)
