"""Atomic writes: what a new file looks like."""

import subprocess
import sys
from pathlib import Path

import pytest

from category_crawler.files.home import PROJECT

_WRITE = """
import sys
from pathlib import Path
from category_crawler.files.atomic_write import write_whole
write_whole(Path(sys.argv[1]), [b"x"])
write_whole(Path(sys.argv[1] + ".private"), [b"x"], 0o600)
Path(sys.argv[1] + ".other").write_text("x")
"""


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_a_file_has_the_mode_of_any_new_file(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "result.json"
    subprocess.run([sys.executable, "-c", _WRITE, str(path)], cwd=PROJECT, umask=umask, check=True)
    other = Path(f"{path}.other").stat().st_mode & 0o777
    assert path.stat().st_mode & 0o777 == other == 0o666 & ~umask
    assert Path(f"{path}.private").stat().st_mode & 0o777 == 0o600
