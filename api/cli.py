"""The operator's commands: ``flask --app api users|serve|watch|console``."""

import signal
import sys
import threading
from types import FrameType
from typing import cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from pydantic import validate_email
from waitress import create_server

from api.auth import hash_of, new_secret
from api.config import api_port
from api.jobs import Jobs
from api.store import Store
from api.watch import watch
from category_crawler.console import console, password_file

_THREADS = 16

users = AppGroup("users", help="Who may use the API.")


def init_app(app: Flask) -> None:
    """Give the application its commands."""
    app.cli.add_command(users)
    for command in (serve, watch_runners, show_console):
        app.cli.add_command(command)


@users.command("create")
@click.argument("email")
@click.option("--name", default="", help="Shown to the user; default: the part before the @.")
def create_user(email: str, name: str) -> None:
    """Add a user and print the API key, this once."""
    try:
        validate_email(email)
    except ValueError:
        raise click.UsageError(f"{email!r} is no e-mail address") from None
    key = new_secret()
    try:
        _store().add_user(email, name or email.partition("@")[0], hash_of(key))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo("API key of the new user; it is not shown again:", err=True)
    click.echo(key)


@users.command("list")
def list_users() -> None:
    """List the users."""
    for user in _store().users():
        click.echo(f"{user['id']}\t{user['email']}\t{user['name']}\tsince {user['created_at']}")


@click.command("serve")
@with_appcontext
def serve() -> None:
    """Serve the API on 127.0.0.1, port API_PORT or 8000."""
    port = api_port()
    try:
        server = create_server(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            host="127.0.0.1",
            port=port,
            threads=_THREADS,
            ident=None,
            channel_timeout=120,
        )
    except OSError as error:
        raise click.ClickException(
            f"port {port} cannot be opened ({error.strerror}): name another with API_PORT"
        ) from None
    click.echo(f"API at http://127.0.0.1:{port}/docs")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()


@click.command("watch")
@with_appcontext
def watch_runners() -> None:
    """Look at open runners on a timer until stopped."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    watch(cast(Jobs, current_app.extensions["jobs"]), stop)


@click.command("console")
@with_appcontext
def show_console() -> None:
    """Say where Scrapyd's web console is and how to get in."""
    door = console()
    click.echo(f"{door.url}/  user {door.username}, password in {password_file()}")


def _store() -> Store:
    return cast(Store, current_app.extensions["store"])
