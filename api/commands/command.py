"""Commands, and groups of them, that tell of an unusable database in a sentence."""

from typing import Any

import click
from flask.cli import AppGroup

from api.store import StoreError


class _Sentences(click.Command):
    """Raises ClickException if the database is locked, is damaged, or its disk refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StoreError as error:
            raise click.ClickException(f"the database cannot be used: {error}") from None


class Command(_Sentences):
    """One command; its function needs ``with_appcontext``."""


class CommandGroup(_Sentences, AppGroup):
    """Several commands in one group."""
