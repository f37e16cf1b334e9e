"""Host names: whether a name is valid for a resolver, without a DNS lookup."""

import re
from ipaddress import ip_address

_LONGEST_NAME, _LONGEST_LABEL = 253, 63
"""Characters, by RFC 1035."""
_LABEL = re.compile(r"[a-z0-9_][a-z0-9_-]*", re.IGNORECASE)
"""The RFCs do not allow the underscore, but resolvers accept it."""
_SHOWN = 40


def fault_in(host: str) -> str:
    """What is wrong with a host; empty if it is valid. A name must be in its ASCII form."""
    if _is_address(host):
        return ""
    name = host.removesuffix(".")
    if not name:
        return "the host is missing"
    if len(name) > _LONGEST_NAME:
        return f"the host has {len(name)} characters, and {_LONGEST_NAME} is the most"
    return next(filter(None, map(_fault_in_label, name.split("."))), "")


def _fault_in_label(label: str) -> str:
    if not label:
        return "the host begins with a dot or has two dots in a row"
    if len(label) > _LONGEST_LABEL:
        return (
            f"{label[:_SHOWN]}… in the host has {len(label)} characters, "
            f"and {_LONGEST_LABEL} is the most between two dots"
        )
    if not _LABEL.fullmatch(label):
        return f"{label} in the host must be letters, digits and hyphens, and not begin with one"
    return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
