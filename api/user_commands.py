"""The operator's commands about users: ``flask --app api users …``."""

import sys
from typing import cast

import click
from flask import current_app
from flask.cli import AppGroup
from pydantic import validate_email

from api.passwords import password_hash
from api.secret import hash_of, new_secret
from api.store import Row, Store

users = AppGroup("users", help="Who may use the API.")


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
        state = "" if user["is_active"] else "\tdisabled"
        click.echo(
            f"{user['id']}\t{user['email']}\t{user['name']}\tsince {user['created_at']}{state}"
        )


@users.command("disable")
@click.argument("email")
def disable_user(email: str) -> None:
    """Keep a user out; runs that are going on go on."""
    _store().set_active(_user(email)["id"], active=False)


@users.command("enable")
@click.argument("email")
def enable_user(email: str) -> None:
    """Let a disabled user in again, with the same API key."""
    _store().set_active(_user(email)["id"], active=True)


@users.command("password")
@click.argument("email")
def set_password(email: str) -> None:
    """Set a user's password: asked for, or the first line of standard input."""
    user = _user(email)
    try:
        _store().set_password(user["id"], password_hash(_password()))
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _user(email: str) -> Row:
    user = _store().user_named(email)
    if user is None:
        raise click.ClickException(f"there is no user {email}")
    return user


def _store() -> Store:
    return cast(Store, current_app.extensions["store"])
