"""A group of the operator's commands, which tells of an unusable database in a sentence."""

import sqlite3
from typing import Any

import click
from flask.cli import AppGroup


class CommandGroup(AppGroup):
    """Raises ClickException where the database is locked, or its disk full or not to be written."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except sqlite3.OperationalError as error:
            raise click.ClickException(f"the database cannot be used: {error}") from None
