"""The operator's commands: ``flask --app api …``."""

import logging
import signal
import sys
import threading
from types import FrameType

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from api.commands.audit import audit
from api.commands.backup import backup_home, restore_home
from api.commands.command import Command
from api.commands.nodes import nodes
from api.commands.runners import prune, runners
from api.commands.users import users
from api.commands.zipcodes import zipcodes
from api.config import api_port, api_url
from api.cores import share_one_core
from api.notices.daemon_thread import in_daemon_thread
from api.rest.server import http_server
from api.runners.watch import watch
from api.services import services
from category_crawler.daemon.address import console, password_file
from category_crawler.errors import InvalidSetting
from category_crawler.log_lines import set_up_log
from category_crawler.process_watch import exit_with_parent

logger = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Give the application its commands."""
    for command in (*OPERATORS, serve):
        app.cli.add_command(command)


@click.command("serve", cls=Command)
@with_appcontext
def serve() -> None:
    """Serve the API alone, on API_ADDRESS or 127.0.0.1, port API_PORT or 8000.

    "make serve" in a checkout, or "category-crawler serve", also runs Scrapyd and the watcher.
    """
    exit_with_parent()
    port = api_port()
    _set_up_log("api")
    share_one_core()
    try:
        server = http_server(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            port,
            services().settings,
        )
    except OSError as error:
        raise click.ClickException(
            f"port {port} cannot be opened ({error.strerror}): name another with API_PORT"
        ) from None
    logger.info("API at %s/docs", api_url())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()


@click.command("watch", cls=Command)
@with_appcontext
def watch_runners() -> None:
    """Refresh open runners on a timer until stopped."""
    exit_with_parent()
    _set_up_log("watch")
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    interval = services().settings.watch_interval
    in_daemon_thread(services().archive.work, stop, interval)
    with (
        services().notices.delivering(stop),
        services().alerts.trying(stop),
        services().exporter.copying(stop),
    ):
        watch(services().jobs, stop)


def _set_up_log(program: str) -> None:
    try:
        set_up_log(program)
    except InvalidSetting as error:
        raise click.ClickException(str(error)) from None


@click.command("console", cls=Command)
@with_appcontext
def show_console() -> None:
    """Say where Scrapyd's web console is and how to get in."""
    address = console()
    click.echo(f"{address.url}/  user {address.username}, password in {password_file()}")


OPERATORS = (
    *(users, zipcodes, runners, nodes, audit, watch_runners, show_console),
    *(prune, backup_home, restore_home),
)
"""What ``flask --app api`` and ``category-crawler`` both have."""
