"""The operator's commands about runs: ``flask --app api runners …``, ``flask --app api prune``."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import click
from flask.cli import with_appcontext

from api.commands.age import seconds_in
from api.commands.command import Command, CommandGroup
from api.commands.deeds import recorded
from api.commands.table import echo_table
from api.commands.users import user_named
from api.products.history import remove_months
from api.rest.schemas import LARGEST_ID
from api.runners.attempts import run_folder
from api.runners.prune import pruned, remove_files
from api.runners.retention import expired, expired_local, remove_local
from api.scrapyd.job_service import ScrapydError
from api.services import services
from api.store import NotEnoughCredits
from api.store.records import Runner
from api.store.stage import Stage
from category_crawler.errors import RunError
from category_crawler.files.home import results_folder
from category_crawler.times import utc_in

runners = CommandGroup("runners", help="Runs of the API.")


_HEADING = ("run", "collection", "user", "stage", "products", "since", "name", "why")


@runners.command("list")
@click.option("--user", metavar="EMAIL", help="Only this user's.")
@click.option("--stage", type=click.Choice([stage.value for stage in Stage]), help="Only these.")
@click.option("--collection", type=click.IntRange(1, LARGEST_ID), help="Only of this collection.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
def list_runners(user: str | None, stage: str | None, collection: int | None, limit: int) -> None:
    """List the newest runs of all users, as the database has them; times are UTC."""
    store, turns = services().store, services().jobs.turns
    owners = {one.id: one.email for one in store.users.all()}
    asked = None if user is None else user_named(user).id
    found = store.runners.recent(
        Stage(stage) if stage else None, LARGEST_ID, limit, user=asked, collection=collection
    )
    rows = []
    for one in found:
        waits = turns.waits(one)
        state = "held" if waits else "stopping" if one.is_stopping else one.stage.value
        why = waits.reason if waits else one.failed_reason or ""
        since = one.finished_at or one.started_at or one.created_at
        owner, name = owners.get(one.collection.user, ""), one.collection.name
        rows.append((one.id, one.collection.id, owner, state, one.asin_count, since, name, why))
    echo_table(_HEADING, rows)


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
@click.option("--older-than", metavar="AGE", help="Such as 30d, 12h or 2w.")
@click.option("--rules", is_flag=True, help="What the rules of collections and settings say.")
@click.option("--history", is_flag=True, help="The history of months that ended so long ago, too.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@with_appcontext
@recorded
def prune(older_than: str | None, *, rules: bool, history: bool, dry_run: bool) -> None:
    """Remove files and logs of runs that ended so long ago, or what the rules say now.

    What became of them is kept, and so is the history of their products without --history. 0h means
    every run that has ended.
    """
    if rules == (older_than is not None) or (rules and history):
        raise click.UsageError("name --older-than, with --history or without it, or --rules alone")
    if older_than is None:
        _prune_by_rules(dry_run=dry_run)
    else:
        _prune_old(older_than, history=history, dry_run=dry_run)


def _prune_by_rules(*, dry_run: bool) -> None:
    store, settings = services().store, services().settings
    runs = [*expired(store, settings)]
    local = expired_local(settings)
    for one in runs:
        _name(one.runners, one.rule)
    for folder in local:
        click.echo(f"local run {folder.name}\trule of local runs")
    count = sum(len(one.runners) for one in runs) + len(local)
    if dry_run:
        click.echo(f"Files of {_runs(count)} would be removed")
        return
    gone = sum(remove_files(store, one.runners, one.rule) for one in runs)
    remove_local(local)
    click.echo(f"Files of {_runs(gone + len(local))} removed")


def _name(named: Iterable[Runner], rule: str) -> None:
    for runner in named:
        click.echo(
            f"runner {runner.id} of collection {runner.collection.id}\t{runner.stage}, ended "
            f"{runner.finished_at}\t{rule}"
        )


def _runs(count: int) -> str:
    return f"{count} {'run' if count == 1 else 'runs'}"


def _prune_old(older_than: str, *, history: bool, dry_run: bool) -> None:
    rule = f"prune --older-than {older_than}"
    seconds = seconds_in(older_than, "--older-than")
    if dry_run:
        ended = services().store.runners.ended(utc_in(-seconds))
        found = [one for one in ended if run_folder(one).exists()]
        _name(found, rule)
        click.echo(f"Files of {_runs(len(found))} would be removed")
        return
    count = pruned(services().store, seconds, rule, services().archive.record)
    click.echo(f"Files of {_runs(count)} removed")
    if history:
        before = datetime.now(UTC) - timedelta(seconds=seconds)
        months = remove_months(results_folder().glob("*/*/history"), before)
        click.echo(f"History of {months} {'month' if months == 1 else 'months'} removed")
