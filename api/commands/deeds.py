"""What the operator's commands do that is recorded in the audit trail."""

import os
import pwd
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

import click

from api.services import services
from api.store.audit import Act, Origin, What, Who

DEEDS: Mapping[str, What] = MappingProxyType(
    {
        "users create": What.CREATE_USER,
        "users credits": What.GRANT_CREDITS,
        "users limits": What.SET_LIMITS,
        "users link": What.MAKE_LINK,
        "users role": What.SET_ROLE,
        "users disable": What.DISABLE_USER,
        "users enable": What.ENABLE_USER,
        "users delete": What.DELETE_USER,
        "users key": What.MAKE_KEY,
        "users password": What.SET_PASSWORD,
        "runners resume": What.RESUME_RUN,
        "zipcodes check": What.CHECK_SESSION,
        "nodes drain": What.DRAIN_NODE,
        "nodes resume": What.RESUME_NODE,
        "prune": What.PRUNE,
        "backup": What.BACK_UP,
    }
)
"""By the words of the command."""
READS = frozenset(
    {
        *("users list", "users webhook-secret", "runners list", "zipcodes list", "nodes list"),
        *("audit list", "serve", "watch", "console", "restore"),
    }
)
"""Commands that only show something; the services, whose requests are deeds of their own; and a
restore, which brings a trail with it."""
_THINGS = MappingProxyType(
    {"email": "user", "runner_id": "run", "domain": "session", "name": "node"}
)
"""By the parameter that names what a command is about."""
_NO_DETAILS = frozenset({*_THINGS, "yes"})

Function = Callable[..., Any]


def recorded(function: Function) -> Function:
    """A command's function whose deed is recorded; it needs the application's context."""

    @wraps(function)
    def carry_out(*args: Any, **values: Any) -> Any:
        what = DEEDS.get(_words(click.get_current_context()))
        if what is None:
            return function(*args, **values)
        act = Act(what, Origin.COMMAND, _operator, thing=_thing(values), detail=_detail(values))
        with services().store.audit.acting(act):
            return function(*args, **values)

    return carry_out


def _words(context: click.Context) -> str:
    """The words of a command, without the program's own."""
    if context.parent is None:
        return ""
    return f"{_words(context.parent)} {context.info_name}".strip()


def _operator() -> Who:
    number = os.getuid()
    try:
        return Who(None, pwd.getpwuid(number).pw_name)
    except KeyError:
        return Who(None, f"uid {number}")


def _thing(values: Mapping[str, Any]) -> str:
    named = next((name for name in _THINGS if values.get(name)), None)
    return f"{_THINGS[named]} {values[named]}" if named else ""


def _detail(values: Mapping[str, Any]) -> str:
    """The other words of the command line, none of which is ever a secret."""
    given = {name: value for name, value in values.items() if name not in _NO_DETAILS and value}
    return " ".join(f"{name} {value}" for name, value in given.items())
