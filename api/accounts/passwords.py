"""Passwords: hashed slowly, checked in the same time whether or not there is one.

Werkzeug's scrypt comes with Flask and keeps its parameters in each hash; with these, OWASP's third
choice, a check takes 32 MiB and some 0.2 s. Another library would bring no more than a name.
"""

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

SHORTEST, LONGEST = 10, 1024
"""Characters."""

_METHOD = "scrypt:32768:8:3"


def password_hash(password: str) -> str:
    """What is stored in a password's place. Raises ValueError where it is too short or long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
    return generate_password_hash(password, _METHOD)


def is_password(password: str, stored: str | None) -> bool:
    """Whether a password is the stored one; where none is stored, it takes as long to say no."""
    return check_password_hash(stored or _nobodys(), password) and stored is not None


@cache  # its 0.3 s are not for every command of the operator's
def _nobodys() -> str:
    return generate_password_hash("", _METHOD)
