"""Whether a disk takes anything just now, found out by writing a byte."""

import tempfile
from pathlib import Path


def refusal_of(folder: Path) -> str:
    """Why no file can be written in a folder; empty where one can, or where there is no folder."""
    if not folder.exists():
        return ""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
    except OSError as error:
        return error.strerror or str(error)
    return ""
