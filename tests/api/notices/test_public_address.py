"""Which addresses a webhook may lead to."""

from ipaddress import ip_address

import pytest
from flask import Flask

from api.notices.public_address import NotPublic, addresses_of, is_public
from tests.api.services import BODY, CATEGORY, Caller

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fc00::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1"),
    *("::127.0.0.1", "fd00:ec2::254"),
]
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"]


@pytest.mark.parametrize(
    "address",
    [
        *("192.0.0.8", "192.0.0.200", "192.88.99.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
        *("2001::1", "2002:7f00:1::1", "::ffff:192.0.0.8"),
    ],
)
def test_what_is_reserved_for_protocols_is_not_called(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("port", [22, 25, 80, 587, 993, 2049, 6000, 6667, 10080])
def test_a_port_of_another_service_is_refused(app: Flask, alice: Caller, port: int) -> None:
    url = f"https://hooks.example.org:{port}/"
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY | {"webhook_url": url})
    assert answer.status_code == 400
    assert answer.get_json()["data"] == (
        f"webhook_url cannot be called: port {port} belongs to another service: use 443, or one "
        "from 1024 on"
    )


@pytest.mark.parametrize("port", [443, 1024, 8443, 9000, 65535])
def test_a_port_of_a_web_server_is_taken(app: Flask, alice: Caller, port: int) -> None:
    url = f"https://hooks.example.org:{port}/"
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY | {"webhook_url": url})
    assert answer.status_code == 503, "right in itself; only that Scrapyd is away here"


@pytest.mark.parametrize("address", PRIVATE)
def test_never_within(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(NotPublic, match="not a public address"):
        addresses_of(address, 443)
    assert addresses_of(address, 443, private_allowed=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_at_large(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host", ["localhost", "0x7f000001", "2852039166", "127.1", "0251.0376.0251.0376"]
)
def test_other_ways_to_write_them(host: str) -> None:
    with pytest.raises(NotPublic):
        addresses_of(host, 443)


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://127.1/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fe80::1]/",
        "https://user:word@example.org/",
    ],
)
def test_it_is_said_at_once(app: Flask, alice: Caller, url: str) -> None:
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY | {"webhook_url": url})
    assert answer.status_code == 400
    assert answer.get_json()["data"].startswith("webhook_url cannot be called: it must be")
    assert "word" not in answer.get_json()["data"].partition("without user and password")[0]
