"""The operator's commands about users: ``flask --app api users …``."""

import re
import sys
from dataclasses import asdict

import click

from api.accounts.logins import InvalidAddress
from api.accounts.passwords import password_hash
from api.accounts.removal import cancel_runs, remove_user
from api.commands.command import CommandGroup
from api.commands.table import echo_table
from api.notices.webhook import signing_secret
from api.priorities import PRIORITIES
from api.runners.deletion import NotDeletable
from api.services import services
from api.store.limits import NO_LIMIT, Limits, OwnLimits
from api.store.records import Role, User
from category_crawler.typed_command import typed

_MOST = 10**12
_HEADING = (
    *("id", "email", "role", "state", "can spend", "used", "running", "priority", "a day"),
    *("since", "name"),
)

users = CommandGroup("users", help="Who may use the API.")


@users.command("create")
@click.argument("email")
@click.option("--name", default="", help="Shown to the user; default: the part before the @.")
def create_user(email: str, name: str) -> None:
    """Add a user and print the API key, this once."""
    try:
        user, key = services().accounts.add_user(email, name)
    except InvalidAddress as error:
        raise click.UsageError(str(error)) from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if services().store.credits.of(user.id).spendable == 0:
        said = f"Without credits yet: {typed(f'users credits {email} NUMBER')} grants some."
        click.echo(said, err=True)
    click.echo("API key of the new user; it is not shown again:", err=True)
    click.echo(key)


@users.command("list")
def list_users() -> None:
    """List the users with their credits and limits."""
    store = services().store
    rows = []
    for user in store.users.all():
        state = "active" if user.is_active else "disabled"
        credit, limits = store.credits.of(user.id), store.limits.of(user.id)
        spendable = _number(credit.spendable)
        own = (_number(limits.running or None), limits.priority)
        told = (user.id, user.email, user.role, state, spendable, credit.used_credits, *own)
        day = _number(limits.products_a_day or None)
        rows.append((*told, day, user.created_at, user.name))
    echo_table(_HEADING, rows)


@users.command("limits")
@click.argument("email")
@click.option("--running", metavar="NUMBER", help="Crawls at once; or unlimited, or default.")
@click.option("--priority", type=click.Choice([*PRIORITIES, "default"]), help="The highest one.")
@click.option("--products-a-day", metavar="NUMBER", help="Or unlimited, or default.")
@click.option("--clear", is_flag=True, help="Back to what holds for all users.")
def user_limits(
    email: str,
    running: str | None,
    priority: str | None,
    products_a_day: str | None,
    clear: bool,
) -> None:
    """Show a user's limits, after changing those that are given."""
    user, limits = user_named(email).id, services().store.limits
    before = OwnLimits() if clear else limits.own(user)
    wanted = OwnLimits(
        _limit(running, before.running, "--running"),
        before.priority if priority is None else None if priority == "default" else priority,
        _limit(products_a_day, before.products_a_day, "--products-a-day"),
    )
    if clear or (running, priority, products_a_day) != (None, None, None):
        limits.put(user, wanted)
    own, holds, use = limits.own(user), limits.of(user), limits.use(user)
    for name in Limits.__dataclass_fields__:
        origin = "default" if getattr(own, name) is None else "own"
        click.echo(f"{name}\t{getattr(holds, name) or 'unlimited'}\t{origin}")
    for name, value in asdict(use).items():
        click.echo(f"{name}\t{value}\tnow")


@users.command("credits", context_settings={"ignore_unknown_options": True})
@click.argument("email")
@click.argument("number", required=False)
def user_credits(email: str, number: str | None) -> None:
    """Show a user's credits, after granting NUMBER more of them; below zero takes back.

    NUMBER is a whole number or "unlimited".
    """
    user = user_named(email).id
    if number == "unlimited":
        services().store.credits.grant_without_limit(user)
    elif number is not None:
        services().store.credits.grant(user, _whole(number))
    for name, value in asdict(services().store.credits.of(user)).items():
        click.echo(f"{name}\t{'unlimited' if value is None else value}")


@users.command("webhook-secret")
@click.argument("email")
def show_webhook_secret(email: str) -> None:
    """Print the secret that calls to this user's webhooks are signed with."""
    click.echo(signing_secret(user_named(email).id))


@users.command("link")
@click.argument("email", required=False)
def sign_in_link(email: str | None) -> None:
    """Print a link that signs a user in on the pages, once, within a day.

    Without EMAIL, while there is no user yet: a link that makes the first one.
    """
    store = services().store
    if email is None and store.users.is_any():
        raise click.UsageError("there is a user already: name the one whom the link signs in")
    user = None if email is None else user_named(email)
    if user is not None and not user.is_active:
        raise click.ClickException(f"{user.email} is disabled: enable that user first")
    secret = services().accounts.new_link(user.id if user else None)
    click.echo("This link works once, within a day:", err=True)
    click.echo(services().accounts.address_of(secret))


@users.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def set_role(email: str, role: str) -> None:
    """Make a user an operator, who sees all runs and manages users; or a user again."""
    services().store.users.set_role(user_named(email).id, Role(role))


@users.command("disable")
@click.argument("email")
def disable_user(email: str) -> None:
    """Disable a user; their running crawls continue."""
    services().store.users.set_active(user_named(email).id, active=False)


@users.command("enable")
@click.argument("email")
def enable_user(email: str) -> None:
    """Let a disabled user in again, with the same API key."""
    services().store.users.set_active(user_named(email).id, active=True)


@users.command("key")
@click.argument("email")
def new_key(email: str) -> None:
    """Print a new API key of a user, this once; the old one stops at once."""
    user = user_named(email)
    click.echo(f"API key of {user.email}; it is not shown again:", err=True)
    click.echo(services().accounts.new_key(user.id))


@users.command("delete")
@click.argument("email")
@click.option("--cancel", is_flag=True, help="Cancel the user's open runs first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_user(email: str, cancel: bool, yes: bool) -> None:
    """Delete a disabled user, with all runs, files and price history; exported copies stay."""
    user = user_named(email)
    if not yes:
        click.confirm(f"Delete {user.email} with all runs, files and price history?", abort=True)
    try:
        if cancel and not user.is_active:
            cancelled = cancel_runs(services().jobs, user)
            click.echo(f"{cancelled} {'run' if cancelled == 1 else 'runs'} cancelled")
        removed = remove_user(services().store, services().sessions, user)
    except NotDeletable as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{user.email} is deleted, with {removed}; exported copies stay")


@users.command("password")
@click.argument("email")
def set_password(email: str) -> None:
    """Set a user's password: asked for, or the first line of standard input."""
    user = user_named(email)
    try:
        services().store.users.set_password(user.id, password_hash(_password()))
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _number(value: int | None) -> str:
    return "unlimited" if value is None else str(value)


def _limit(text: str | None, before: int | None, option: str) -> int | None:
    """A limit as it is stored: None for the default, 0 without limit."""
    if text is None:
        return before
    if text in ("unlimited", "default"):
        return NO_LIMIT if text == "unlimited" else None
    if not re.fullmatch(r"[1-9]\d{0,11}", text, re.ASCII):
        raise click.UsageError(
            f"{option} is {text!r}: it must be a whole number from 1 on, unlimited or default"
        )
    return int(text)


def _whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = _MOST + 1
    if abs(number) > _MOST:
        raise click.UsageError(
            f"NUMBER is {text!r}: it must be a whole number up to {_MOST:,}, or unlimited"
        )
    return number


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def user_named(email: str) -> User:
    """The user with this e-mail address. Raises ClickException."""
    user = services().store.users.named(email)
    if user is None:
        raise click.ClickException(f"there is no user {email}")
    return user
