"""Every module of both packages can be imported."""

import subprocess
import sys

import pytest

from category_crawler.files.home import PROJECT

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [module.name for module in pkgutil.walk_packages(package.__path__, sys.argv[1] + ".")]
for name in names:
    importlib.import_module(name)
print(*names)
"""


@pytest.mark.parametrize("package", ["category_crawler", "api"])
def test_every_module_of_a_package_can_be_imported(package: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", IMPORT_ALL, package],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    names = ended.stdout.split()
    files = [
        path.relative_to(PROJECT).with_suffix("")
        for path in (PROJECT / package).rglob("*.py")
        if path.name != "__init__.py"
    ]
    assert {".".join(path.parts) for path in files} <= set(names)
