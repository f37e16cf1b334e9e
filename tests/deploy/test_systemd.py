"""The units for systemd: right, hardened, and alike."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.serving.programs import PATIENCE
from category_crawler.checkout import PROJECT

UNITS = sorted((PROJECT / "deploy" / "systemd").glob("*.service"))
MOST_EXPOSED = 30
"""Tenths of the points of systemd-analyze."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_right(unit: Path, tmp_path: Path) -> None:
    # It asks for the program, which lies here in another folder.
    here = tmp_path / unit.name
    here.write_text(
        unit.read_text().replace("/opt/category-crawler/bin", str(Path(sys.executable).parent))
    )
    ended = analyze("verify", "--man=no", str(here))
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardly_exposed(unit: Path) -> None:
    ended = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert ended.returncode == 0, ended.stdout.splitlines()[-1]


def test_both_are_restarted_and_hardened_alike() -> None:
    texts = [unit.read_text() for unit in UNITS]
    assert len(texts) == 2
    rules = {text[text.index("\n# Spiders that die") :] for text in texts}
    assert len(rules) == 1
    (rule,) = rules
    seconds = re.search(r"^TimeoutStopSec=(\d+)$", rule, re.MULTILINE)
    assert seconds is not None
    assert int(seconds[1]) >= 2 * PATIENCE
