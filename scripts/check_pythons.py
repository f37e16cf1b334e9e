"""``make check-pythons``: checks that the project installs, imports and crawls with each Python.

Without arguments it uses ``/usr/bin/python3`` and the Pythons on the PATH and in pyenv, each
version once. With arguments it uses those Pythons, except the version that runs this script. The
environments stay in ``.venv-pythons``.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = PROJECT / ".venv-pythons"
SYSTEM = "/usr/bin/python3"
ON_THE_PATH = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")
LOWEST = (3, 11)
TESTS = (
    "tests/test_modules.py",
    "tests/spiders/test_category.py::test_every_product_of_the_category_is_kept_once_in_order",
)
"""They import every module, and crawl a short category of the stand-in shop."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", nargs="*")
    named = parser.parse_args().python
    found = _versions(named or _candidates())
    if named and found.pop(sys.version_info[:3], None):
        print(f"Python {_text(sys.version_info[:3])}: .venv has it.", flush=True)
    elif not found:
        print(f"No Python {_text(LOWEST)} or newer: {' '.join(named)}", flush=True)
    failed = [version for version, path in sorted(found.items()) if not _works(version, path)]
    return 1 if failed else 0


def _candidates() -> list[str]:
    pyenv = Path.home() / ".pyenv" / "versions"
    in_pyenv = [str(path) for path in sorted(pyenv.glob("*/bin/python3"))]
    return [SYSTEM, *filter(None, map(shutil.which, ON_THE_PATH)), *in_pyenv]


def _versions(paths: list[str]) -> dict[tuple[int, ...], str]:
    """The first path of each version that is not too old."""
    found: dict[tuple[int, ...], str] = {}
    for path in paths:
        version = _version(path)
        if version >= LOWEST:
            found.setdefault(version, path)
    return found


def _version(path: str) -> tuple[int, ...]:
    try:
        printed = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    # Pre-releases, such as 3.15.0rc1, do not match.
    match = re.fullmatch(r"Python (\d+)\.(\d+)\.(\d+)", printed.stdout.strip())
    return tuple(map(int, match.groups())) if match else ()


def _works(version: tuple[int, ...], path: str) -> bool:
    name = f"Python {_text(version)} ({path})"
    environment = ENVIRONMENTS.relative_to(PROJECT) / _text(version)
    tests = [str(environment / "bin" / "python"), "-m", "pytest", "-p", "no:cacheprovider", *TESTS]
    for command in (["scripts/install", str(environment)], tests):
        ended = subprocess.run(
            command,
            cwd=PROJECT,
            env=os.environ | {"PYTHON": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if ended.returncode:
            print(f"{ended.stdout}\n{name}: {command[0]} failed; see above.", flush=True)
            return False
    print(f"{name}: installs, imports every module and crawls.", flush=True)
    return True


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    sys.exit(main())
