"""The operator's commands about users: ``flask --app api users …``."""

import sys
from dataclasses import asdict

import click

from api.accounts.logins import InvalidAddress
from api.accounts.passwords import password_hash
from api.accounts.removal import remove_user
from api.commands.command import CommandGroup
from api.notices.webhook import signing_secret
from api.runners.deletion import NotDeletable
from api.services import services
from api.store.records import Role, User
from category_crawler.typed_command import typed

_MOST = 10**12

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
    """List the users."""
    for user in services().store.users.all():
        state = "" if user.is_active else "\tdisabled"
        told = (user.id, user.email, user.name, user.role, f"since {user.created_at}")
        click.echo("\t".join(map(str, told)) + state)


@users.command("credits", context_settings={"ignore_unknown_options": True})
@click.argument("email")
@click.argument("number", required=False)
def user_credits(email: str, number: str | None) -> None:
    """Show a user's credits, after granting NUMBER more of them; below zero takes back.

    NUMBER is a whole number or "unlimited".
    """
    user = _user(email).id
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
    click.echo(signing_secret(_user(email).id))


@users.command("link")
@click.argument("email", required=False)
def sign_in_link(email: str | None) -> None:
    """Print a link that signs a user in on the pages, once, within a day.

    Without EMAIL, while there is no user yet: a link that makes the first one.
    """
    store = services().store
    if email is None and store.users.is_any():
        raise click.UsageError("there is a user already: name the one whom the link signs in")
    user = None if email is None else _user(email)
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
    services().store.users.set_role(_user(email).id, Role(role))


@users.command("disable")
@click.argument("email")
def disable_user(email: str) -> None:
    """Disable a user; their running crawls continue."""
    services().store.users.set_active(_user(email).id, active=False)


@users.command("enable")
@click.argument("email")
def enable_user(email: str) -> None:
    """Let a disabled user in again, with the same API key."""
    services().store.users.set_active(_user(email).id, active=True)


@users.command("delete")
@click.argument("email")
@click.confirmation_option(prompt="Delete the user with all runs, files and price history?")
def delete_user(email: str) -> None:
    """Delete a disabled user, with all runs, files and price history."""
    try:
        remove_user(services().store, services().sessions, _user(email))
    except NotDeletable as error:
        raise click.ClickException(str(error)) from None


@users.command("password")
@click.argument("email")
def set_password(email: str) -> None:
    """Set a user's password: asked for, or the first line of standard input."""
    user = _user(email)
    try:
        services().store.users.set_password(user.id, password_hash(_password()))
    except ValueError as error:
        raise click.ClickException(str(error)) from None


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


def _user(email: str) -> User:
    user = services().store.users.named(email)
    if user is None:
        raise click.ClickException(f"there is no user {email}")
    return user
