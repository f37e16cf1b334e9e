"""Connections to the database outlive the trouble of the machine.

Limits and users belong to a process, so each test runs its own.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from category_crawler.files.home import PROJECT

_BEGIN = """
import os, resource, sqlite3, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from api.store import Store

folder = Path(sys.argv[1])
thread = ThreadPoolExecutor(1)

def add(name):
    return store.users.add(f"{name}@example.org", name, name)

def in_thread(work, *values):
    return thread.submit(work, *values).result()

def fails(work, *values):
    try:
        work(*values)
    except sqlite3.OperationalError as error:
        return str(error)
    raise AssertionError("it did not fail")

def take_all_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return held
"""


def run(folder: Path, script: str) -> str:
    """What a process of its own prints."""
    ended = subprocess.run(
        [sys.executable, "-c", _BEGIN + script, str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may reach; pytest's own are the user's alone."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_a_connection_opened_on_a_read_only_disk_does_not_stay(open_folder: Path) -> None:
    said = run(
        open_folder,
        """
if os.geteuid() == 0:
    # Root may write whatever a file's mode says.
    os.chown(folder, 65534, 65534)
    os.seteuid(65534)
store = Store(folder / "api.db")
add("ann")
for path in folder.iterdir():
    path.chmod(0o444)
print(in_thread(fails, add, "bob"))
for path in folder.iterdir():
    path.chmod(0o644)
print(in_thread(add, "bob"))
""",
    )
    assert said == "attempt to write a readonly database\n2"


def test_a_thread_connects_once_there_are_file_descriptors(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        """
store = Store(folder / "api.db")
add("ann")
held = take_all_descriptors()
print(in_thread(fails, add, "bob"))
for descriptor in held:
    os.close(descriptor)
print(in_thread(add, "bob"))
""",
    )
    assert said == "unable to open database file\n2"


def test_a_commit_that_cannot_be_synced_is_no_failure(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        """
store = Store(folder / "api.db")
add("ann")
held = take_all_descriptors()
print(add("bob"), store.users.credential("bob").user.email)
""",
    )
    assert said == "2 bob@example.org"
