"""Makes things that can be in the place of a file: damaged files, folders, pipes and others."""

import os
import socket
from collections.abc import Callable
from pathlib import Path


def _torn(path: Path) -> None:
    path.write_bytes(b'{\n "stage": "done",\n "asin_cou')


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"stage": "')
        file.truncate(200_000_000)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "torn": _torn,
    "empty": Path.touch,
    "zeros": lambda path: path.write_bytes(b"\0" * 4096),
    "binary": lambda path: path.write_bytes(os.urandom(999) + b"\xff\n"),
    "list": lambda path: path.write_text("[]"),
    "object": lambda path: path.write_text("{}"),
    "number": lambda path: path.write_text("5"),
    "null": lambda path: path.write_text("null"),
    "wrong types": lambda path: path.write_text('{"stage": 5, "asin_count": "x"}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "surrogate": lambda path: path.write_text('{"stage": "\\ud800"}'),
    "huge": _huge,
    "folder": lambda path: (path / "sub").mkdir(parents=True),
    "loop": lambda path: path.symlink_to(path.name),
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": _socket,
}
"""By name; each function gets a free path."""
