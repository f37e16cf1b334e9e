"""The maintainer's command: one line of JSON per file, one sentence for an unreadable file."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from category_crawler.files.home import PROJECT
from category_crawler.pages.__main__ import main

CARD = '<div data-component-type="s-search-result" data-asin="B000000001"></div>'


def test_one_line_of_json_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.html").write_text(CARD)
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(b"<i>bm-verify</i>"))
    code = main([str(tmp_path / "a.html"), str(tmp_path / "b.html.gz"), "--domain", "amazon.in"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [line["kind"] for line in lines] == ["listing", "akamai_check"]
    assert lines[0]["products"][0]["url"] == "https://www.amazon.in/dp/B000000001"
    assert list(lines[0])[:15] == [
        *("file", "kind", "products", "first", "last", "total", "total_is_rounded", "page"),
        *("last_page", "has_next", "location", "currency", "node_applied", "filters_applied"),
        "filters_offered",
    ]


@pytest.mark.parametrize("name", ["missing.html", "."])
def test_a_file_that_cannot_be_read_is_said_in_a_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.html").write_text(CARD)
    files = [str(tmp_path / name), str(tmp_path / "a.html")]
    assert main([*files, "--domain", "amazon.in"]) == 2
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert "cannot be read" in err


def test_damaged_gzip_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 999)[:20])
    assert main([str(tmp_path / "a.gz")]) == 2
    assert "gzip" in capsys.readouterr().err


def test_the_marketplace_is_guessed_from_the_page_then_from_the_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.html").write_text(CARD + '<a href="https://www.amazon.de/x">')
    (tmp_path / "1_amazon.co.uk_x.html").write_text(CARD)
    (tmp_path / "y.html").write_text(CARD)
    main([str(tmp_path / name) for name in ("x.html", "1_amazon.co.uk_x.html", "y.html")])
    out, err = capsys.readouterr()
    hosts = [json.loads(line)["products"][0]["url"].split("/")[2] for line in out.splitlines()]
    assert hosts == ["www.amazon.de", "www.amazon.co.uk", "www.amazon.com.au"]
    assert "--domain" in err


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(CARD * 2000)
    files = [str(tmp_path / "a.html")] * 20
    command = [sys.executable, "-m", "category_crawler.pages", *files]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()
