"""The settings of a cluster: right ones are taken, wrong ones told without their password."""

import socket

import pytest

from category_crawler.cluster.membership import (
    check_membership,
    exit_name,
    lease,
    node_name,
    queue_url,
)
from category_crawler.errors import InvalidSetting


@pytest.mark.parametrize(
    "url",
    [
        "redis://10.0.0.5",
        "redis://node:hush@engine.internal:6390/3",
        "rediss://:hush@engine.internal",
        "redis://[fd00::5]:6379/",
        "unix:///run/valkey/valkey.sock",
    ],
)
def test_addresses_that_are_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", url)
    assert queue_url() == url


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5:6379",
        "http://u:hush@10.0.0.5",
        "redis://",
        "redis://u:hush@:6379",
        "redis://u:hush@a:port",
        "redis://u:hush@a:0",
        "redis://u:hush@a:70000",
        "redis://u:hush@a/one",
        "redis://u:hush@a?db=1",
        "unix://var/run/valkey.sock",
        "unix:///",
    ],
)
def test_a_wrong_address_is_told_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_QUEUE", url)
    with pytest.raises(InvalidSetting, match="CATEGORY_CRAWLER_QUEUE must be redis://") as raised:
        check_membership()
    assert "hush" not in str(raised.value)


def test_without_settings_a_machine_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUEUE", "NODE", "EXIT", "LEASE"):
        monkeypatch.delenv(f"CATEGORY_CRAWLER_{name}", raising=False)
    monkeypatch.setattr(socket, "gethostname", lambda: "build box.local")
    assert (queue_url(), node_name(), exit_name(), lease()) == ("", "build-box.local", "direct", 5)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("NODE", "two words"),
        ("NODE", "n" * 65),
        ("EXIT", "a/b"),
        ("LEASE", "0.5"),
        ("LEASE", "inf"),
        ("LEASE", "soon"),
    ],
)
def test_wrong_names_and_leases(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CATEGORY_CRAWLER_{name}", wrong)
    with pytest.raises(InvalidSetting, match=f"CATEGORY_CRAWLER_{name} is '{wrong}'"):
        check_membership()
