"""Trouble of the machine: what may keep anything from being written or started, and pass."""

import errno
import tempfile
from pathlib import Path

_MAY_PASS = frozenset(
    (
        *(errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM),
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO),
        *(errno.EACCES, errno.EPERM),
    )
)
"""No descriptor, process, memory or permission; a disk that is full, read-only or broken."""


def may_pass(error: OSError) -> bool:
    """Whether trying the same again later may help."""
    return error.errno in _MAY_PASS


def why_not_writable(folder: Path) -> OSError | None:
    """What keeps a file from being written in a folder, found out by writing one.

    None where one can be written, or where there is no folder.
    """
    if not folder.exists():
        return None
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
    except OSError as error:
        return error
    return None
