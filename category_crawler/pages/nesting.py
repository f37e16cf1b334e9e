"""Recognises pages whose elements are nested so deeply that parsing them would take minutes.

The HTML standard makes a parser look through all open elements at each new block element, so its
time grows with the square of the depth. Real pages are some 60 elements deep.
"""

import re

_DEEPEST = 3000
"""Words in scripts that look like tags add up to some 240 on real pages."""
_FEW_TAGS = 20_000
"""So many start and end tags are parsed in half a second, however they are nested."""
_TAG = re.compile(rb"<(/?)([A-Za-z][A-Za-z0-9]*)")
_UNCLOSED = frozenset(
    b"area base br col embed hr img input link meta source track wbr "
    b"dd dt li optgroup option p rp rt tbody td tfoot th thead tr".split()
)
"""Elements without an end tag, or whose end tag may be left out."""


def is_too_deep(body: bytes) -> bool:
    """Whether elements may be nested more than three thousand deep."""
    if body.count(b"<") < _FEW_TAGS:
        return False
    depth = 0
    for tag in _TAG.finditer(body):
        is_end, name = tag.groups()
        if name.lower() in _UNCLOSED:
            continue
        depth += -1 if is_end else 1
        if depth > _DEEPEST:
            return True
    return False
