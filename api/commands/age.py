"""A length of time as an operator types it: ``30d``, ``12h`` or ``2w``."""

import re

import click

_UNITS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}


def seconds_in(age: str, option: str) -> int:
    """The seconds of an age. Raises UsageError, which names the option."""
    asked = re.fullmatch(r"(\d{1,6})([hdw])", age, re.ASCII)
    if asked is None:
        raise click.UsageError(f"{option} is {age!r}: it must be such as 30d, 12h or 2w")
    number, unit = asked.groups()
    return int(number) * _UNITS[unit]
