"""The operator's commands ``flask --app api backup`` and ``restore``."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from api.backup.chosen import Choice
from api.backup.manifest import Manifest, Results
from api.backup.restore import NotRestored, restore
from api.backup.staging import RestoreGoesOn
from api.backup.writer import NotBackedUp, back_up
from api.commands.command import Command
from api.commands.deeds import recorded
from api.rest.schemas import LARGEST_ID
from api.services import services

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backup", cls=Command)
@click.argument("file", type=_FILE)
@click.option(
    "--results",
    type=click.Choice([one.value for one in Results]),
    default=Results.ALL.value,
    show_default=True,
    help="Of newest, each collection's newest run and the newest that is done.",
)
@click.option(
    "--collection",
    "collections",
    metavar="ID",
    type=click.IntRange(1, LARGEST_ID),
    multiple=True,
    help="Results of this collection only; may be given several times.",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@with_appcontext
@recorded
def backup_home(file: Path, results: str, collections: tuple[int, ...], *, overwrite: bool) -> None:
    """Write the database, delivery sessions, settings and results to one FILE.

    Everything may run meanwhile. FILE holds secrets: only its owner can read it. Keep it so.
    """
    if collections and results == Results.NONE:
        raise click.UsageError("--collection names results, and --results none wants none")
    choice = Choice(Results(results), collections)
    try:
        manifest = back_up(services().store, file.absolute(), choice, overwrite=overwrite)
        size = file.stat().st_size
    except NotBackedUp as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"no backup was made: {_trouble(error)}") from None
    click.echo(f"Backed up to {file} ({_megabytes(size)}): {_content(manifest)}")
    if manifest.left_out:
        click.echo(f"Results of {_count(len(manifest.left_out), 'run')} are not in it", err=True)


@click.command("restore", cls=Command)
@click.argument("file", type=_FILE)
@with_appcontext
def restore_home(file: Path) -> None:
    """Restore what a backup has written to FILE. The home must be empty, and nothing running."""
    try:
        manifest = restore(services().store, file.absolute())
    except (NotRestored, RestoreGoesOn) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"nothing was restored: {_trouble(error)}") from None
    click.echo(f"Restored as of {manifest.taken_at}: {_content(manifest)}")


def _content(manifest: Manifest) -> str:
    """What an archive has, in words."""
    files = _count(len(manifest.files), "file")
    return f"{files}, {_megabytes(manifest.total)}, by {manifest.rule}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _trouble(error: OSError) -> str:
    return f"{error.filename or 'the disk'}: {error.strerror}"
