"""``backup`` and ``restore`` as the operator types them."""

from pathlib import Path

import pytest
from flask import Flask

from api.store import Store
from tests.api.ended_runs import ended
from tests.api.services import Caller, flask


def test_a_backup_is_restored_to_an_empty_home(
    alice: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = ended(store, alice.user)
    file = tmp_path / "backup.tar.gz"
    made = flask("backup", str(file))
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(f"Backed up to {file} (")
    assert made.stdout.endswith(" by backup --results all\n")
    again = flask("backup", str(file))
    assert (again.returncode, "add --overwrite" in again.stderr) == (1, True)
    refused = flask("restore", str(file))
    assert (refused.returncode, "has users already" in refused.stderr) == (1, True)
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path / "new"))
    (tmp_path / "new").mkdir()
    restored = flask("restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.startswith("Restored as of 20")
    assert "alice@example.org" in flask("users", "list").stdout
    assert (tmp_path / "new" / "results" / "1" / str(runner.collection.id)).exists()


def test_what_is_wrong_is_a_sentence(app: Flask, tmp_path: Path) -> None:
    def said(*words: str) -> str:
        ended_as = app.test_cli_runner().invoke(args=words)
        assert ended_as.exit_code in (1, 2)
        assert "Traceback" not in ended_as.output
        return ended_as.output

    assert "Error: there is no file" in said("restore", str(tmp_path / "none"))
    (tmp_path / "torn").write_bytes(b"\x1f\x8b")
    assert "is torn, or no backup" in said("restore", str(tmp_path / "torn"))
    assert "No such file or directory" in said("backup", str(tmp_path / "no" / "where"))
    wrong = said("backup", str(tmp_path / "x"), "--results", "none", "--collection", "1")
    assert "--collection names results" in wrong
