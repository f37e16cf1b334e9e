"""Who may read the metrics."""

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api import create_app
from api.config import Settings
from category_crawler.errors import InvalidSetting

TOKEN = "0123456789abcdef-token"


def scraped(app: Flask, address: str = "127.0.0.1", authorization: str = "") -> TestResponse:
    headers = {"Authorization": authorization} if authorization else {}
    where = {"REMOTE_ADDR": address}
    return app.test_client().get("/metrics", headers=headers, environ_base=where)


@pytest.mark.parametrize(("address", "code"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.5", 403)])
def test_without_a_token_this_machine_alone_reads_them(app: Flask, address: str, code: int) -> None:
    answer = scraped(app, address)
    assert answer.status_code == code
    assert code == 200 or "set metrics_token" in answer.get_json()["data"]


@pytest.mark.parametrize(
    "settings",
    [{"trusted_proxy": "127.0.0.1"}, {"public_url": "https://crawler.example.org"}],
    ids=["trusted proxy", "public address"],
)
def test_behind_a_proxy_nobody_reads_them_without_a_token(
    app: Flask, settings: dict[str, str]
) -> None:
    assert scraped(create_app(Settings(**settings))).status_code == 403
    token = create_app(Settings(**settings, metrics_token=TOKEN))
    assert scraped(token, "10.0.0.5", f"Bearer {TOKEN}").status_code == 200


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        (f"Token {TOKEN}", 401),
        ("Bearer ключ", 401),
    ],
)
@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5"])
def test_where_there_is_a_token_it_counts_alone(
    app: Flask, given: str, code: int, address: str
) -> None:
    answer = scraped(create_app(Settings(metrics_token=TOKEN)), address, given)
    assert answer.status_code == code
    assert TOKEN not in answer.text


def test_who_guesses_a_token_is_slowed_down(app: Flask) -> None:
    strict = create_app(Settings(metrics_token=TOKEN, rate_limit="3/minute"))
    codes = [scraped(strict, "10.0.0.6", "Bearer guess").status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]
    assert scraped(strict, "10.0.0.6", f"Bearer {TOKEN}").status_code == 200


@pytest.mark.parametrize("token", ["short", "with a space in it", "ключключключключ", 17])
def test_a_token_that_is_none_is_refused_and_not_repeated(token: str | int) -> None:
    with pytest.raises(InvalidSetting, match="metrics_token must be 16 or more") as refused:
        Settings.read({"metrics_token": token})
    assert str(token) not in str(refused.value).replace("16", "")
    assert TOKEN not in repr(Settings(metrics_token=TOKEN))
