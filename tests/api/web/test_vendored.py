"""The libraries that pages load are the files that the list says."""

import tomllib
from hashlib import sha256
from pathlib import Path

import api.web

FOLDER = Path(api.web.__file__).parent / "static" / "vendor"
LISTED = tomllib.loads((FOLDER / "vendored.toml").read_text())


def test_every_file_is_listed_with_its_checksum_and_licence() -> None:
    there = {path.name for path in FOLDER.iterdir()} - {"vendored.toml"}
    told = {one[key] for one in LISTED.values() for key in ("file", "licence_file")}
    assert there == told
    for one in LISTED.values():
        assert sha256((FOLDER / one["file"]).read_bytes()).hexdigest() == one["sha256"]
        assert one["licence"]
        assert (FOLDER / one["licence_file"]).read_text().strip()
