"""The operator's commands about runs: ``flask --app api runners …``, ``flask --app api prune``."""

import re
from datetime import UTC, datetime, timedelta

import click
from flask.cli import with_appcontext

from api.commands.command import Command, CommandGroup
from api.products.history import remove_months
from api.rest.schemas import LARGEST_ID
from api.runners.prune import pruned
from api.scrapyd.job_service import ScrapydError
from api.services import services
from api.store import NotEnoughCredits
from category_crawler.errors import RunError
from category_crawler.files.home import results_folder

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
@click.option("--history", is_flag=True, help="The history of months that ended so long ago, too.")
@with_appcontext
def prune(older_than: str, history: bool) -> None:
    """Remove files and logs of runs that ended so long ago.

    What became of them is kept, and so is the history of their products without --history. 0h means
    every run that has ended.
    """
    asked = re.fullmatch(r"(\d{1,6})([hdw])", older_than, re.ASCII)
    if asked is None:
        raise click.UsageError(f"--older-than is {older_than!r}: it must be such as 30d, 12h or 2w")
    number, unit = asked.groups()
    rule = f"prune --older-than {older_than}"
    seconds = int(number) * _UNITS[unit]
    count = pruned(services().store, seconds, rule, services().archive.record)
    click.echo(f"Files of {count} {'run' if count == 1 else 'runs'} removed")
    if history:
        before = datetime.now(UTC) - timedelta(seconds=seconds)
        months = remove_months(results_folder().glob("*/*/history"), before)
        click.echo(f"History of {months} {'month' if months == 1 else 'months'} removed")
