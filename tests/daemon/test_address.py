"""The address on which Scrapyd listens."""

import pytest

from category_crawler.daemon.address import Console, private_address, scrapyd_address
from category_crawler.errors import InvalidSetting


@pytest.mark.parametrize("given", ["127.0.0.1", "10.0.0.5", "192.168.1.2", "100.64.0.7", "fd00::5"])
def test_a_private_address_is_taken(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPYD_ADDRESS", given)
    assert scrapyd_address() == given


@pytest.mark.parametrize(
    "given", ["0.0.0.0", "::", "8.8.8.8", "2606:4700::1", "224.0.0.1", "node-1"]
)
def test_any_other_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPYD_ADDRESS", given)
    with pytest.raises(InvalidSetting, match=f"SCRAPYD_ADDRESS is '{given}'"):
        scrapyd_address()


def test_scrapyds_own_variable_opens_no_other_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPYD_BIND_ADDRESS", "0.0.0.0")
    with pytest.raises(InvalidSetting, match="use SCRAPYD_ADDRESS"):
        scrapyd_address()


def test_an_address_of_version_6_stands_in_brackets() -> None:
    assert Console("fd00::5", 6800, "u", "p").url == "http://[fd00::5]:6800"


def test_the_machines_own_name_stands_for_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "crawler")
    addresses = {"crawler": "172.30.0.2"}
    monkeypatch.setattr("socket.gethostbyname", addresses.__getitem__)
    monkeypatch.setenv("API_ADDRESS", "crawler")
    assert private_address("API_ADDRESS") == "172.30.0.2"
    addresses["crawler"] = "8.8.8.8"
    with pytest.raises(InvalidSetting, match="API_ADDRESS is 'crawler'"):
        private_address("API_ADDRESS")
