"""A secret in a file: all processes get the same one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from category_crawler.files.secret import secret_in


def test_threads_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    """Also later: the file must keep the secret that the first call returned."""
    gate = threading.Barrier(8)

    def ask(path: Path) -> str:
        gate.wait()
        return secret_in(path)

    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            path = tmp_path / f"{number}.secret"
            told = set(pool.map(ask, [path] * 8))
            assert told == {secret_in(path)}
            assert path.stat().st_mode & 0o777 == 0o600
