"""``make install``: it notices changes and installs again.

The project installed here is small and has no dependencies, so pip needs no network and only
seconds. Makefile, ``scripts/install``, venv and pip are the real ones.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from category_crawler.files.home import PROJECT

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "small"
version = "1"
dynamic = ["dependencies", "requires-python"]
"""
BACKEND = '''\
"""Makes the wheel of an editable installation: a .pth file and a program."""

import os
import zipfile

with open("metadata") as file:
    METADATA = file.read()
FILES = {
    "small.pth": os.getcwd() + "\\n",
    "small-1.dist-info/METADATA": METADATA,
    "small-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "small-1.dist-info/entry_points.txt": "[console_scripts]\\nsmall = small:main\\n",
    "small-1.dist-info/RECORD": "",
}


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "small-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for path, text in FILES.items():
            wheel.writestr(path, text)
    return name
'''
METADATA = "Metadata-Version: 2.1\nName: small\nVersion: 1\nProvides-Extra: dev\n"
MODULE = "def main():\n    print(__file__)\n"


class Checkout:
    """A small project with the real Makefile and the real ``scripts/install``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        # Under "make test" this is a make within make, which would print its folder.
        passed_on = ("PYTHON", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
        inherited = {name: text for name, text in os.environ.items() if name not in passed_on}
        return subprocess.run(
            ["make", "install", *words],
            cwd=self.folder,
            env=inherited | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, *words: str, **environment: str) -> str:
        """The output; the installation must succeed, and its program must be this checkout's."""
        ended = self.make(*words, **environment)
        assert ended.returncode == 0, ended.stderr
        told = subprocess.run([self.venv / "bin" / "small"], capture_output=True, text=True)
        assert told.stdout == f"{self.folder / 'small.py'}\n", told.stderr
        return ended.stdout

    def is_in_order(self) -> bool:
        ended = self.make()
        return (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout after ``make install``; tests must not change it."""
    folder = tmp_path_factory.mktemp("first") / "checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ("Makefile", "scripts/install"):
        shutil.copy(PROJECT / name, folder / name)
    for name, text in {
        "pyproject.toml": PYPROJECT,
        "constraints.txt": "",
        "backend.py": BACKEND,
        "metadata": METADATA,
        "small.py": MODULE,
    }.items():
        (folder / name).write_text(text)
    made = Checkout(folder)
    made.install(PYTHON=sys.executable)
    return made


@pytest.fixture
def checkout(installed: Checkout, tmp_path: Path) -> Checkout:
    """A copy that counts as installed in its own path."""
    made = copy_of(installed, tmp_path / "checkout")
    stamp = made.venv / ".installed"
    stamp.write_text(stamp.read_text().replace(str(installed.folder), str(made.folder)))
    return made


@pytest.fixture
def quick(installed: Checkout, tmp_path: Path) -> str:
    """A Python that makes an environment by copying one, which is fast."""
    return python(
        tmp_path / "quick",
        'case "$*" in "-m venv --clear "*)',
        f'rm -rf "$4" && exec cp -a {shlex.quote(str(installed.venv))} "$4" ;; esac',
        f'exec {sys.executable} "$@"',
    )


def copy_of(checkout: Checkout, folder: Path) -> Checkout:
    """A copy; installed files are hard links, because pip never changes a file in place."""

    def put(source: str, target: str) -> None:
        (os.link if f"{os.sep}site-packages{os.sep}" in source else shutil.copy2)(source, target)

    shutil.copytree(checkout.folder, folder, symlinks=True, copy_function=put)
    return Checkout(folder)


def python(path: Path, *lines: str) -> str:
    """Path of a program that plays another kind of Python."""
    path.write_text("\n".join(("#!/bin/sh", *lines)))
    path.chmod(0o755)
    return str(path)


def test_nothing_is_done_where_all_is_in_order(installed: Checkout) -> None:
    assert installed.is_in_order()
    assert installed.install(PYTHON=sys.executable) == ""


def test_a_checkout_that_was_copied_is_installed_anew(
    installed: Checkout, tmp_path: Path, quick: str
) -> None:
    """The old checkout still exists, so its modules could be imported by mistake."""
    copy = copy_of(installed, tmp_path / "copy")
    said = copy.install(PYTHON=quick)
    assert f"Making .venv again: this checkout was in {installed.folder}." in said
    assert copy.is_in_order()
    assert installed.is_in_order()


def test_a_checkout_that_was_moved_keeps_its_python(checkout: Checkout, tmp_path: Path) -> None:
    moved = Checkout(Path(shutil.move(checkout.folder, tmp_path / "it's [odd] & #1, 100% é;")))
    # If it searched for a Python, it would find this one.
    python(tmp_path / "python3", "exit 1")
    said = moved.install(PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert f"Making .venv again: this checkout was in {checkout.folder}." in said
    assert moved.is_in_order()


def test_a_python_that_was_removed_is_replaced(checkout: Checkout, quick: str) -> None:
    for link in ("python", "python3"):
        (checkout.venv / "bin" / link).unlink()
        (checkout.venv / "bin" / link).symlink_to(Path(quick).with_name("gone"))
    path = Path(quick).rename(Path(quick).with_name("python3")).parent
    said = checkout.install(PATH=f"{path}:{os.environ['PATH']}")
    assert "Making .venv again: its Python 3." in said
    assert "is gone" in said


def test_another_python_than_asked_for_is_replaced(
    checkout: Checkout, tmp_path: Path, quick: str
) -> None:
    other = python(
        tmp_path / "other",
        'case "$*" in *base_prefix*) echo "3.12 in /elsewhere" ;;',
        f'*) exec {quick} "$@" ;; esac',
    )
    said = checkout.install(f"PYTHON={other}")
    assert "Making .venv again: it has Python 3." in said
    assert f", but {other} is requested." in said


def test_an_installation_that_was_cut_short_is_made_anew(checkout: Checkout, quick: str) -> None:
    (checkout.venv / ".installed").unlink()
    (pip,) = checkout.venv.glob("lib/python*/site-packages/pip")
    shutil.rmtree(pip)
    said = checkout.install(PYTHON=quick)
    assert "Making .venv again: its installation was not finished." in said


def test_new_pins_go_into_the_same_environment(checkout: Checkout) -> None:
    kept = checkout.venv / "kept"
    kept.touch()
    (checkout.folder / "constraints.txt").write_text("small==1\n")
    assert "again" not in checkout.install()
    assert kept.exists()
    assert checkout.is_in_order()


def test_pips_own_words_are_shown_where_it_fails(checkout: Checkout, quick: str) -> None:
    """It also prints why a pinned version does not support this Python, which pip only logs."""
    index = checkout.folder / "index.html"
    files = (f"new_er-{number}-py3-none-any.whl" for number in (1, 2))
    links = (f'<a href="{file}" data-requires-python="&gt;=3.99">a</a>' for file in files)
    index.write_text("\n".join(links))
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}
    metadata = checkout.folder / "metadata"
    metadata.write_text(f"{METADATA}Requires-Dist: new_er==2\n")
    (checkout.folder / "constraints.txt").write_text("New.er==2\n")
    ended = checkout.make(**offline)
    assert ended.returncode != 0
    assert "depends on new_er==2" in ended.stderr
    assert re.search(
        r"^new_er-2-.*whl requires a different Python \(3\..*>=3\.99", ended.stderr, re.M
    )
    assert "new_er-1" not in ended.stderr
    assert "The packages could not be installed for Python 3." in ended.stderr
    assert "make PYTHON=" in ended.stderr
    metadata.write_text(METADATA)
    assert "its installation was not finished" in checkout.install(PYTHON=quick)


@pytest.mark.parametrize("character", [":", '"', "$", "`", "\\"])
def test_a_path_in_which_nothing_works_is_refused_in_a_sentence(
    tmp_path: Path, character: str
) -> None:
    copy = Checkout(tmp_path / f"a{character}b")
    (copy.folder / "scripts").mkdir(parents=True)
    for name in ("Makefile", "scripts/install"):
        shutil.copy(PROJECT / name, copy.folder / name)
    ended = copy.make()
    assert ended.returncode != 0
    assert ended.stderr.startswith(f"This checkout is in {copy.folder}: no environment works")


def test_a_folder_that_is_no_environment_is_left_alone(checkout: Checkout) -> None:
    kept = checkout.folder / "mine" / "letter.txt"
    kept.parent.mkdir()
    kept.touch()
    ended = checkout.make("VENV=mine")
    assert ended.returncode != 0
    assert "mine is not a virtual environment" in ended.stderr
    assert kept.exists()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (('[ "$1" = --version ] && echo Python 3.10.9',), "Python 3.10.9 is too old"),
        (("echo pyenv: not found >&2", "exit 127"), "does not start (pyenv: not found)"),
    ],
)
def test_a_python_that_will_not_do_leaves_what_is_there(
    checkout: Checkout, tmp_path: Path, lines: tuple[str, ...], says: str
) -> None:
    path = python(tmp_path / "python", *lines)
    for asked, said in ((path, says), (f"{path}9", f"No {path}9 was found")):
        ended = checkout.make(f"PYTHON={asked}")
        assert ended.returncode != 0
        assert said in ended.stderr
    assert checkout.is_in_order()
