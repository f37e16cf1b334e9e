"""The operator's commands about runs: ``flask --app api runners …``, ``flask --app api prune``."""

import re

import click
from flask.cli import with_appcontext

from api.commands.command import Command, CommandGroup
from api.rest.schemas import LARGEST_ID
from api.runners.prune import pruned
from api.scrapyd.client import ScrapydError
from api.services import services
from api.store import NotEnoughCredits
from category_crawler.errors import RunError

_UNITS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}

runners = CommandGroup("runners", help="Runs of the API.")


@runners.command("resume")
@click.argument("runner_id", type=click.IntRange(1, LARGEST_ID))
def resume_runner(runner_id: int) -> None:
    """Continue a failed runner as a new one of its collection, and print its id."""
    jobs = services().jobs
    runner = jobs.store.runners.get(runner_id)
    if runner is None:
        raise click.ClickException(f"there is no runner {runner_id}")
    try:
        made = jobs.resume(runner)
    except NotEnoughCredits:
        raise click.ClickException("the user has no credit to spend") from None
    except (RunError, ScrapydError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(made.id)


@click.command("prune", cls=Command)
@click.option("--older-than", required=True, metavar="AGE", help="Such as 30d, 12h or 2w.")
@with_appcontext
def prune(older_than: str) -> None:
    """Remove files and logs of runs that ended so long ago; what became of them is kept."""
    asked = re.fullmatch(r"(\d{1,6})([hdw])", older_than, re.ASCII)
    if asked is None:
        raise click.UsageError(f"--older-than is {older_than!r}: it must be such as 30d, 12h or 2w")
    number, unit = asked.groups()
    rule = f"prune --older-than {older_than}"
    count = pruned(services().store, int(number) * _UNITS[unit], rule)
    click.echo(f"Files of {count} {'run' if count == 1 else 'runs'} removed")
