"""Commands, and groups of them, that tell of an unusable database in a sentence."""

from typing import Any

import click
from flask.cli import AppGroup, with_appcontext

from api.commands.deeds import recorded
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
    """Several commands in one group, whose deeds are recorded."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        if cmd.callback is not None:
            cmd.callback = with_appcontext(recorded(cmd.callback))
        super().add_command(cmd, name)
