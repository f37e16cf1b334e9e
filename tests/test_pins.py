"""Every pinned package, dev extras included, supports every Python that the project supports."""

import platform
import tomllib
from importlib.metadata import Distribution, distribution

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from category_crawler.files.home import PROJECT

PROMISED = ("3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.14.0")
"""The lowest of each; Debian 12 has 3.11.2."""
OWN = "category-crawler"
NOT_PINNED = {"pip", "setuptools"}
"""Part of every environment, or chosen by pip to fit the Python."""


def needed(python: str) -> dict[str, Distribution]:
    """The packages that the project needs on a Python, from the metadata of the installed ones."""
    numbers = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    environment = default_environment() | numbers
    found: dict[str, Distribution] = {}
    asked, seen = [(OWN, ("dev",))], set()
    while asked:
        name, extras = package = asked.pop()
        if package in seen or name in NOT_PINNED:
            continue
        seen.add(package)
        found[name] = distribution(name)
        for requirement in map(Requirement, found[name].requires or []):
            marker = requirement.marker
            cases = [environment | {"extra": extra} for extra in ("", *extras)]
            if marker is None or any(marker.evaluate(case) for case in cases):
                extra = tuple(sorted(requirement.extras))
                asked.append((canonicalize_name(requirement.name), extra))
    return found


def test_the_promise_is_the_one_that_is_held() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    promise = SpecifierSet(project["requires-python"])
    assert all(python in promise for python in PROMISED)
    assert "3.10.99" not in promise


@pytest.mark.parametrize("python", PROMISED)
def test_every_package_takes_every_python_that_is_promised(python: str) -> None:
    takes = {name: found.metadata["Requires-Python"] for name, found in needed(python).items()}
    refused = {name: text for name, text in takes.items() if python not in SpecifierSet(text or "")}
    assert refused == {}


def test_what_is_needed_is_installed_as_pinned() -> None:
    lines = (PROJECT / "constraints.txt").read_text().split()
    pinned = {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}
    versions = {name: found.version for name, found in needed(platform.python_version()).items()}
    del versions[OWN]
    assert versions == {name: pinned.get(name) for name in versions}
