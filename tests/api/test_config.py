"""The API's settings: environment before file before default."""

from pathlib import Path

import pytest

from api.config import Settings, api_port
from tests.api.services import flask


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    return tmp_path


def test_defaults(home: Path) -> None:
    assert Settings.load() == Settings()


def test_the_file_and_above_it_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "settings.toml").write_text("[api]\ncancel_grace = 5\nalways_http_200 = true\n")
    assert Settings.load() == Settings(cancel_grace=5.0, always_http_200=True)
    monkeypatch.setenv("CATEGORY_CRAWLER_ALWAYS_HTTP_200", "off")
    monkeypatch.setenv("CATEGORY_CRAWLER_PUBLIC_URL", "https://crawl.example")
    assert Settings.load() == Settings(cancel_grace=5.0, public_url="https://crawl.example")


def test_a_text_of_digits_needs_no_quotes(home: Path) -> None:
    (home / "settings.toml").write_text("[api]\nsmtp_password = 12345\n")
    assert Settings.load().smtp_password == "12345"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ('cancel_grace = "soon"', "cancel_grace must be a number, not 'soon'"),
        ('stalled_attempts = "few"', "stalled_attempts must be a whole number, not 'few'"),
        ("credit_reserve = -1", "credit_reserve is -1: it must not be below 0"),
        ('always_http_200 = "perhaps"', "always_http_200 must be true or false, not 'perhaps'"),
        ("watch_interval = 0", "watch_interval is 0: the watcher must pause"),
        ("notice_timeout = 0", "notice_timeout is 0: a delivery must have time"),
        (
            "notice_timeout = 200",
            r"notice_lease is 300: it must be at least twice notice_timeout \(200\)",
        ),
        ("notice_lease = 59", r"notice_lease is 59: .*twice notice_timeout \(30\)"),
        ('notice_timeout = "nan"', "notice_timeout must be a finite number, not 'nan'"),
        ("cancel_grace = inf", "cancel_grace must be a finite number, not inf"),
        ("stalled_attempts = 2.5", "stalled_attempts must be a whole number, not 2.5"),
        ("stalled_attempts = [2]", r"stalled_attempts must be a whole number, not \[2\]"),
        ('rate_limit = "0/minute"', "rate_limit is '0/minute', which lets nobody in"),
        ('rate_limit = "often"', "rate_limit is 'often': it must be such as 600/minute"),
        ('trusted_proxy = "banana"', "trusted_proxy is 'banana': it must be an IP address"),
        ("[", r"settings\.toml cannot be read"),
    ],
)
def test_a_wrong_value_is_named(home: Path, given: str, says: str) -> None:
    (home / "settings.toml").write_text(f"[api]\n{given}\n")
    with pytest.raises(ValueError, match=says):
        Settings.load()


def test_every_command_tells_of_a_wrong_setting_in_a_sentence(home: Path) -> None:
    (home / "settings.toml").write_text("[api]\ncredit_reserve = -1\n")
    listed = flask("users", "list")
    assert listed.returncode > 0
    assert "Error: the setting credit_reserve is -1" in listed.stderr
    assert "Traceback" not in listed.stderr


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "٨٠"])
def test_a_wrong_port_is_named(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_PORT", port)
    with pytest.raises(ValueError, match="API_PORT is"):
        api_port()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ('smtp_tls = "ssl"', "smtp_tls is 'ssl'"),
        ('smtp_host = "mail.example.org"', "smtp_sender must be"),
        (
            'smtp_host = "mail..example.org"\nsmtp_sender = "a@example.org"',
            r"smtp_host is 'mail\.\.example\.org': the host .* two dots in a row",
        ),
        (
            'smtp_host = "mail.example.org"\nsmtp_sender = "a@example.org"\nsmtp_user = "a"\n'
            'smtp_password = "hush"\nsmtp_tls = "none"',
            "readable for all",
        ),
    ],
)
def test_mail_settings_that_cannot_be(home: Path, given: str, says: str) -> None:
    (home / "settings.toml").write_text(f"[api]\n{given}\n")
    with pytest.raises(ValueError, match=says) as refused:
        Settings.load()
    assert "hush" not in str(refused.value)


def test_a_password_from_the_environment_or_a_file_is_never_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_SMTP_PASSWORD", "hush")
    assert Settings.load().smtp_secret == "hush"
    assert "hush" not in repr(Settings.load())
    (home / "password").write_text("from a file\n")
    monkeypatch.setenv("CATEGORY_CRAWLER_SMTP_PASSWORD_FILE", str(home / "password"))
    assert Settings.load().smtp_secret == "from a file"
