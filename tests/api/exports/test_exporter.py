"""Files of ended runs come to the store once, whole, whoever is killed; a real store takes them."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from s3fs import S3FileSystem

from api.config import Settings
from api.exports.exporter import Exporter
from api.products.datasets import DATASET
from api.runners.attempts import folder_of, run_folder
from api.runners.deletion import delete
from api.runners.health import health
from api.runners.prune import pruned
from api.store import Store
from api.store.records import Runner
from api.store.stage import Stage
from category_crawler.environment import without_secrets
from category_crawler.files.home import PROJECT
from category_crawler.times import utc_in
from tests.api.exports.conftest import URL
from tests.api.routes.test_changes import Runs
from tests.api.services import ENDED, Caller, Daemon
from tests.crawls import Home
from tests.forks import start_service
from tests.object_store import KEY, SECRET, ObjectStore
from tests.processes import spiders_over
from tests.records import product
from tests.storefront import Storefront
from tests.waiting import until

PRODUCTS = [product(1), product(2, title="Tischleuchte ‏א")]


def rows(store: Store) -> list[dict[str, Any]]:
    return list(store.db["exports"].rows)


def copy_all(exporter: Exporter) -> None:
    while exporter.copy_next():
        pass


def make_due(store: Store) -> None:
    store.db.conn.execute(
        "UPDATE exports SET next_try_at = ?, claimed_until = ?", (utc_in(-1), utc_in(-1))
    )


def files(runner: Runner) -> list[bytes]:
    folder = folder_of(runner)
    return [folder.rows.read_bytes(), (run_folder(runner) / DATASET).read_bytes()]


def database(store: Store) -> Path:
    return Path(store.db.conn.execute("PRAGMA database_list").fetchone()[2])


def test_the_files_of_a_run_are_copied_once(
    runs: Runs, exporter: Exporter, object_store: ObjectStore, alice: Caller
) -> None:
    runner = runs.add(PRODUCTS)
    (waiting, _) = alice.result(runner.collection.id)["exports"]
    assert waiting == {
        "form": "json",
        "url": None,
        "bytes": None,
        "exported_at": None,
        "why_not": "It is about to be copied",
    }
    copy_all(exporter)
    assert list(object_store.objects().values()) == files(runner)
    place = f"{runner.collection.user}/{runner.collection.id}/{runner.id}"
    listed = alice.result(runner.collection.id)["exports"]
    for exported, content in zip(listed, files(runner), strict=True):
        assert exported["bytes"] == len(content)
        assert exported["why_not"] is None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", exported["exported_at"])
        assert exported["url"].startswith(f"{URL}/{place}/amazon.com.au_")
        name = exported["url"].removeprefix("s3://shop-data/")
        assert object_store.objects()[name] == content
    assert [row["tries"] for row in rows(runs.store)] == [1, 1]
    assert not exporter.copy_next()


def test_a_run_that_failed_gives_its_rows_as_parquet(
    runs: Runs, exporter: Exporter, object_store: ObjectStore, alice: Caller
) -> None:
    runner = runs.add(PRODUCTS, stage=Stage.FAILED)
    copy_all(exporter)
    (name,) = object_store.objects()
    assert name.endswith(".parquet")
    (listed,) = alice.result(runner.collection.id)["exports"]
    assert listed["form"] == "parquet"
    assert object_store.objects()[name] == (run_folder(runner) / DATASET).read_bytes()


def test_a_run_without_rows_has_nothing_to_export(
    runs: Runs, exporter: Exporter, object_store: ObjectStore, alice: Caller
) -> None:
    runner = runs.add([], stage=Stage.FAILED)
    folder_of(runner).partial_rows.unlink()
    copy_all(exporter)
    assert (object_store.objects(), alice.result(runner.collection.id)["exports"]) == ({}, [])


def test_the_wrong_key_is_told_without_a_secret(
    runs: Runs,
    exporter: Exporter,
    object_store: ObjectStore,
    alice: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong = "an/other+s3cret"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", wrong)
    runner = runs.add(PRODUCTS)
    with caplog.at_level(logging.INFO):
        copy_all(exporter)
    assert object_store.objects() == {}
    told = alice.result(runner.collection.id)["exports"]
    for listed in told:
        assert re.fullmatch(
            r"The store refuses it \(PermissionError, ClientError, SignatureDoesNotMatch\): "
            r"it is tried again at \S+Z",
            listed["why_not"],
        )
    assert "is tried again in 10 s: The store refuses it" in caplog.text
    for secret in (KEY, SECRET, wrong):
        assert secret not in f"{caplog.text} {told} {rows(runs.store)}"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    S3FileSystem.clear_instance_cache()
    assert not exporter.copy_next(), "it waits"
    make_due(runs.store)
    copy_all(exporter)
    assert list(object_store.objects().values()) == files(runner)


def test_a_folder_takes_the_files_too(
    exporting: Callable[[str], Exporter], app: Flask, alice: Caller, tmp_path: Path
) -> None:
    folder = tmp_path / "exported"
    exporter = exporting(f"file://{folder}")
    runner = Runs(app, alice).add(PRODUCTS)
    copy_all(exporter)
    said = alice.result(runner.collection.id)["exports"][0]["why_not"]
    assert said.startswith("The folder of export_url is not there: make it, or mount its disk: it")
    folder.mkdir()
    make_due(exporter.store)
    copy_all(exporter)
    listed = alice.result(runner.collection.id)["exports"]
    copies = [Path(one["url"].removeprefix("file://")) for one in listed]
    assert [path.read_bytes() for path in copies] == files(runner)
    assert {path for path in folder.rglob("*") if path.is_file()} == {*copies}


def test_a_bucket_that_is_not_there_is_named(
    exporting: Callable[[str], Exporter], object_store: ObjectStore, app: Flask, alice: Caller
) -> None:
    exporter = exporting("s3://other-data")
    runner = Runs(app, alice).add(PRODUCTS)
    copy_all(exporter)
    said = alice.result(runner.collection.id)["exports"][0]["why_not"]
    assert said.startswith("There is no such bucket (FileNotFoundError, NoSuchBucket): it is")


def test_a_store_that_is_killed_while_it_takes_a_file(
    runs: Runs, exporter: Exporter, object_store: ObjectStore, alice: Caller
) -> None:
    runner = runs.add(PRODUCTS)
    object_store.freeze()
    copying = threading.Thread(target=exporter.copy_next)
    copying.start()
    until(lambda: rows(runs.store)[0]["claim"], bool)
    time.sleep(1)
    object_store.kill()
    copying.join()
    assert object_store.objects() == {}
    said = alice.result(runner.collection.id)["exports"][0]["why_not"]
    assert said.startswith("The store cannot be reached (")
    object_store.start()
    make_due(runs.store)
    copy_all(exporter)
    assert list(object_store.objects().values()) == files(runner)


_WATCHER = """
import sys
from pathlib import Path
from api.config import Settings
from api.exports.exporter import Exporter
from api.products.downloads import Downloads
from api.store import Store

home = Path(sys.argv[1])
store = Store(home / "var" / "api.db", exporting=True)
exporter = Exporter(store, Downloads(home / "none", 0, 0), Settings.load())
while exporter.copy_next():
    pass
"""


def watcher(home: Home) -> subprocess.Popen[bytes]:
    """A process that copies what is due, and ends."""
    environment = dict(os.environ) | {"CATEGORY_CRAWLER_EXPORT_URL": URL}
    command = [sys.executable, "-c", _WATCHER, str(home.folder)]
    return subprocess.Popen(command, cwd=PROJECT, env=environment)


def test_a_watcher_that_is_killed_while_it_copies(
    runs: Runs, exporter: Exporter, object_store: ObjectStore, home: Home, alice: Caller
) -> None:
    runner = runs.add(PRODUCTS)
    object_store.freeze()
    killed = watcher(home)
    until(lambda: rows(runs.store)[0]["claim"], bool)
    time.sleep(3)
    killed.kill()
    killed.wait()
    object_store.thaw()
    assert [row["status"] for row in rows(runs.store)] == ["pending", "pending"]
    assert exporter.copy_next(), "the other file is free"
    assert not exporter.copy_next(), "the claim holds for a while"
    make_due(runs.store)
    copy_all(exporter)
    assert [(row["status"], row["tries"]) for row in rows(runs.store)] == [
        ("stored", 2),
        ("stored", 1),
    ]
    assert sorted(object_store.objects().values()) == sorted(files(runner))


def test_watchers_share_the_work(
    runs: Runs, exporter: Exporter, object_store: ObjectStore, home: Home
) -> None:
    runners = [runs.add([product(number)]) for number in range(6)]
    for process in [watcher(home) for _ in range(2)]:
        assert process.wait(120) == 0
    assert [(row["status"], row["tries"]) for row in rows(runs.store)] == [("stored", 1)] * 12
    expected = [content for runner in runners for content in files(runner)]
    assert sorted(object_store.objects().values()) == sorted(expected)


def _with_short_lease(exporter: Exporter) -> Exporter:
    settings = exporter.settings.model_copy(update={"notice_lease": 3.0})
    return replace(exporter, store=Store(database(exporter.store)), settings=settings)


def test_a_copy_that_takes_longer_than_the_lease_stays_its_watchers(
    runs: Runs, exporter: Exporter, object_store: ObjectStore
) -> None:
    runs.add(PRODUCTS, stage=Stage.FAILED)
    object_store.freeze()
    copying = threading.Thread(target=_with_short_lease(exporter).copy_next, daemon=True)
    copying.start()
    until(lambda: rows(runs.store)[0]["claim"], bool)
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        assert exporter.store.exports.claim(60) is None, "another could take what is being copied"
        time.sleep(0.5)
    object_store.thaw()
    copying.join()
    (row,) = rows(runs.store)
    assert (row["status"], row["tries"]) == ("stored", 1)


def test_who_lost_the_claim_records_nothing(
    runs: Runs, exporter: Exporter, object_store: ObjectStore
) -> None:
    runs.add(PRODUCTS, stage=Stage.FAILED)
    object_store.freeze()
    copying = threading.Thread(target=_with_short_lease(exporter).copy_next, daemon=True)
    copying.start()
    until(lambda: rows(runs.store)[0]["claim"], bool)
    runs.store.db.conn.execute("UPDATE exports SET claim = 'another'")
    copying.join(10)
    assert not copying.is_alive(), "it goes on without the claim"
    object_store.thaw()
    (row,) = rows(runs.store)
    assert (row["status"], row["claim"]) == ("pending", "another")


def test_prune_waits_for_the_copies(
    runs: Runs, exporter: Exporter, exporting: Callable[[str], Exporter], object_store: ObjectStore
) -> None:
    first = runs.add(PRODUCTS)
    runs.store.runners.set_recorded(first.id)
    assert pruned(runs.store, -60) == 0
    assert folder_of(first).rows.exists()
    copy_all(exporter)
    before = object_store.objects()
    assert pruned(runs.store, -60) == 1
    assert object_store.objects() == before
    second = runs.add(PRODUCTS)
    runs.store.runners.set_recorded(second.id)
    assert pruned(runs.store, -60) == 0
    assert not exporting("").copy_next()
    assert pruned(runs.store, -60) == 1
    assert object_store.objects() == before


def test_copies_outlive_their_collection(
    runs: Runs, exporter: Exporter, object_store: ObjectStore
) -> None:
    first = runs.add(PRODUCTS)
    copy_all(exporter)
    second = runs.add(PRODUCTS)
    delete(runs.store, runs.store.runners.get(second.id) or second)
    assert rows(runs.store) == []
    assert not exporter.copy_next()
    assert len(object_store.objects()) == 2
    assert not folder_of(first).path.exists()


def test_a_file_that_is_gone_is_said_to_be(
    runs: Runs, exporter: Exporter, object_store: ObjectStore, alice: Caller
) -> None:
    runner = runs.add(PRODUCTS)
    folder_of(runner).rows.unlink()
    copy_all(exporter)
    said = alice.result(runner.collection.id)["exports"][0]["why_not"]
    assert said.startswith(f"There is nothing to copy any more: The rows of runner {runner.id}")
    assert object_store.objects() == {}


def test_without_the_setting_nothing_is_recorded(app: Flask, alice: Caller, store: Store) -> None:
    runner = Runs(app, alice).add(PRODUCTS)
    assert rows(store) == []
    assert alice.result(runner.collection.id)["exports"] == []


def test_health_names_what_waits_for_an_hour(
    app: Flask, runs: Runs, exporter: Exporter, object_store: ObjectStore
) -> None:
    jobs = app.extensions["services"].jobs
    object_store.kill()
    runs.add(PRODUCTS, stage=Stage.FAILED)
    copy_all(exporter)
    assert health(jobs)["exports"] == "ok"
    runs.store.db.conn.execute("UPDATE exports SET created_at = ?", (utc_in(-7300),))
    assert health(jobs)["exports"].startswith(
        "1 file not copied, the oldest for 2.0 h: The store cannot be reached ("
    )
    object_store.start()
    make_due(runs.store)
    copy_all(exporter)
    assert health(jobs)["exports"] == "ok"


def test_from_a_crawl_to_the_store(
    exporter: Exporter,
    object_store: ObjectStore,
    alice: Caller,
    scrapyd: Daemon,
    shop: Storefront,
    home: Home,
) -> None:
    shop.switches.latency = 1
    collection = alice.schedule()
    (spider, *_) = until(lambda: [*spiders_over(home.folder)], bool)
    assert SECRET.encode() not in Path("/proc", str(spider), "environ").read_bytes()
    environment = dict(os.environ) | {"CATEGORY_CRAWLER_EXPORT_URL": URL}
    watching = start_service(
        *("flask", "--app", "api", "watch"), environment=environment, log=home.folder / "watch.log"
    )
    try:
        shop.switches.latency = 0
        result = alice.until(collection, *ENDED)
        exports = until(
            lambda: alice.result(collection)["exports"],
            lambda listed: all(one["url"] for one in listed),
        )
    finally:
        os.kill(watching.pid, signal.SIGTERM)
        watching.wait()
    assert (result["stage"], [one["form"] for one in exports]) == ("done", ["json", "parquet"])
    for one in exports:
        content = object_store.objects()[one["url"].removeprefix("s3://shop-data/")]
        link = result["download_links"]["pages"][0].removeprefix("http://localhost")
        downloaded = alice.get(link.replace(".json", f".{one['form']}"))
        assert (content, len(content)) == (downloaded.data, one["bytes"])
    assert SECRET not in (home.folder / "watch.log").read_text()


def test_spiders_and_browsers_get_no_credentials() -> None:
    given = {"AWS_SECRET_ACCESS_KEY": "a", "GOOGLE_APPLICATION_CREDENTIALS": "b", "PATH": "c"}
    assert without_secrets(given | {"FSSPEC_S3_SECRET": "d"}) == {"PATH": "c"}


_LOADED = """
import sys
from api import create_app
create_app()
print([name for name in ("fsspec", "s3fs", "botocore") if name in sys.modules])
"""


def test_the_api_starts_without_what_copies_need(home: Home) -> None:
    environment = home.environment | {"CATEGORY_CRAWLER_EXPORT_URL": URL}
    said = subprocess.run(
        [sys.executable, "-c", _LOADED],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "[]\n"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://host/folder", "it must begin with s3://, gs:// or file:///"),
        ("/folder", "it must begin with s3://"),
        ("s3://", "it must be such as s3://bucket/folder"),
        ("file://folder", "it must be such as s3://bucket/folder"),
        ("file:///", "it must be such as s3://bucket/folder"),
        ("s3://KEY:hush@bucket", "credentials and options come from the environment"),
        ("s3://bucket?secret=hush", "credentials and options come from the environment"),
        ("gs://bucket", "gs:// needs a package that is not installed: install category-crawler["),
    ],
)
def test_a_wrong_place_is_refused_in_a_sentence(url: str, says: str) -> None:
    with pytest.raises(ValueError, match="export_url") as refused:
        Settings.read({"export_url": url})
    assert says in str(refused.value)
    assert "hush" not in str(refused.value)
