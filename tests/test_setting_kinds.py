"""Every setting of docs/configuration.md, misspelt and mistyped, is refused with its name."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import scrapy
from scrapy.settings import default_settings

from api.config import Settings
from category_crawler import setting_kinds, settings
from category_crawler.environment import VARIABLES, check_environment
from category_crawler.errors import InvalidSetting
from category_crawler.setting_kinds import check_settings
from category_crawler.settings_file import read_settings_file
from tests.test_configuration import rows, value

OWN = "## Scrapy settings of the project"
SCRAPYS = "### Scrapy's own settings that differ"
API = "## The table `[api]`"
OF_OTHERS = {"https_proxy", "no_proxy", "SSL_CERT_FILE", "CATEGORY_CRAWLER_<NAME>"}


def misspellings(name: str) -> list[str]:
    return [
        name + name[-1],
        name[:-1],
        name.swapcase(),
        name.replace("_", ""),
        name[:-2] + name[-1] + name[-2],
    ]


def misspelt(names: dict[str, Any]) -> list[tuple[str, str]]:
    """Each name with each misspelling that is not another known name."""
    return [(name, wrong) for name in names for wrong in misspellings(name) if wrong not in names]


def wrong_values(default: Any) -> list[Any]:
    if isinstance(default, bool):
        return ["perhaps", 2.5, [True]]
    if isinstance(default, int | float):
        return ["abc", True, [1], "nan", float("inf")]
    return [[1], {"a": 1}] if isinstance(default, str) else ["abc", 5]


def mistyped(shown: dict[str, list[str]]) -> list[tuple[str, Any]]:
    return [(name, wrong) for name, row in shown.items() for wrong in wrong_values(value(row[1]))]


SCRAPY_ROWS = rows(OWN) | rows(SCRAPYS)


@pytest.mark.parametrize(("name", "wrong"), misspelt(SCRAPY_ROWS))
def test_a_misspelt_scrapy_setting(name: str, wrong: str) -> None:
    given = {wrong: value(SCRAPY_ROWS[name][1])}
    with pytest.raises(InvalidSetting, match=rf"no setting {wrong}: did you mean {name}\?"):
        check_settings(given, settings.own)


@pytest.mark.parametrize(("name", "wrong"), mistyped(SCRAPY_ROWS))
def test_a_scrapy_setting_of_the_wrong_kind(name: str, wrong: Any) -> None:
    if isinstance(value(SCRAPY_ROWS[name][1]), list) and wrong == "abc" and "CODES" not in name:
        return  # Scrapy reads a text as a list, separated by commas.
    with pytest.raises(InvalidSetting, match=rf"the setting {name} must be"):
        check_settings({name: wrong}, settings.own)


@pytest.mark.parametrize(("name", "row"), SCRAPY_ROWS.items())
def test_what_the_tables_show_is_accepted(name: str, row: list[str]) -> None:
    shown = value(row[1])
    as_text = ",".join(map(str, shown)) if isinstance(shown, list) else str(shown)
    check_settings({name: shown}, settings.own)
    check_settings({name: as_text}, settings.own)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("name", "wrong"), misspelt(rows(API)))
def test_a_misspelt_setting_of_the_api(name: str, wrong: str, home: Path) -> None:
    (home / "settings.toml").write_text(f"[api]\n{wrong} = 1\n")
    says = rf"no setting {wrong} in the table \[api\]: did you mean {name}\?"
    with pytest.raises(InvalidSetting, match=says):
        Settings.load()


@pytest.mark.parametrize(("name", "wrong"), mistyped(rows(API)))
def test_a_setting_of_the_api_of_the_wrong_kind(name: str, wrong: Any, home: Path) -> None:
    with pytest.raises(InvalidSetting, match=name):
        Settings.read({name: wrong})


def test_an_unknown_setting_of_the_api_is_refused_whatever_it_resembles(home: Path) -> None:
    (home / "settings.toml").write_text("[api]\ncolour = 'red'\n")
    with pytest.raises(InvalidSetting, match=r"no setting colour in the table \[api\], see docs"):
        Settings.load()


VARIABLES_SHOWN = rows("## Environment variables")
OF_THE_PROGRAM = {"API_ADDRESS", "API_PORT"}
OURS = {name: "" for name in VARIABLES_SHOWN if name in VARIABLES | OF_THE_PROGRAM}
OF_THE_API = {f"CATEGORY_CRAWLER_{name.upper()}": "" for name in rows(API)}


def test_every_variable_of_the_page_is_checked() -> None:
    examples = {name for name in VARIABLES_SHOWN if name.startswith(("CRAWLER_", "WEBHOOK_"))}
    assert set(VARIABLES_SHOWN) - OF_OTHERS - examples == set(OURS)


@pytest.mark.parametrize(("name", "wrong"), misspelt(OURS | OF_THE_API))
def test_a_misspelt_variable(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(wrong, "1")
    with pytest.raises(InvalidSetting, match=rf"variable {wrong}: did you mean {name}\?"):
        check_environment((*OF_THE_API, *OF_THE_PROGRAM))


@pytest.mark.parametrize("name", ["CHROMIUM_FLAGS", "API_URL", "SCRAPYD_HOST", "HOMEBREW"])
def test_a_variable_of_another_program_is_left_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    check_environment((*OF_THE_API, *OF_THE_PROGRAM))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("[apii]\nsmtp_port = 25", r"no table \[apii\]"),
        ("[API]\nsmtp_port = 25", r"no table \[API\]"),
        ("api = 3", "api in .* must be a table"),
        ("[", "cannot be read"),
    ],
)
def test_a_wrong_table(given: str, says: str, home: Path) -> None:
    (home / "settings.toml").write_text(given)
    with pytest.raises(InvalidSetting, match=says):
        read_settings_file()


def test_settings_of_add_ons_are_left_alone(home: Path) -> None:
    (home / "settings.toml").write_text("PLAYWRIGHT_MAX_CONTEXTS = 3\nZYTE_API_KEY = 'x'\n")
    check_settings(read_settings_file().scrapy, settings.own)


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("LOG_LEVEL", "LOUD", "one of CRITICAL"),
        ("USER_AGENT", "me\nX-Forged: 1", "one line"),
        ("DUPEFILTER_CLASS", "no.such.Class", "a class"),
        ("EXTENSIONS", {"no.such.Extension": 100}, "a table whose keys are classes"),
        ("RETRY_HTTP_CODES", ["abc"], "a list of whole numbers"),
        ("CONCURRENT_REQUESTS_PER_DOMAIN", 0, "at least 1"),
        ("MAX_REQUESTS", "2.5", "a whole number"),
        ("DOWNLOAD_DELAY", -1, "not below 0"),
        ("MAIL_PORT", "smtp", "a whole number"),
        ("smtp_host", "mail.example.org", r"below \[api\]"),
    ],
)
def test_other_wrong_values(name: str, wrong: Any, says: str) -> None:
    with pytest.raises(InvalidSetting, match=says):
        check_settings({name: wrong}, settings.own)


@pytest.mark.parametrize(
    "name",
    [
        *("DOWNLOAD_DELAY", "DOWNLOAD_TIMEOUT", "AUTOTHROTTLE_START_DELAY"),
        *("AUTOTHROTTLE_MAX_DELAY", "RETRY_PAUSE", "BLOCK_PAUSE", "CANCEL_GRACE"),
    ],
)
def test_seconds_may_have_a_fraction(name: str) -> None:
    check_settings({name: 2.5}, settings.own)
    check_settings({name: "2.5"}, settings.own)


def test_no_secret_is_shown() -> None:
    with pytest.raises(InvalidSetting, match="HTTPAUTH_PASS") as refused:
        check_settings({"HTTPAUTH_PASS": ["hush"]}, settings.own)
    assert "hush" not in str(refused.value)


def test_every_default_of_scrapy_and_of_the_project_is_of_its_own_kind() -> None:
    check_settings({n: v for n, v in vars(default_settings).items() if n.isupper()}, {})
    check_settings(settings.own, settings.own)


def test_scrapy_reads_its_settings_as_their_defaults_say() -> None:
    """Where Scrapy reads a whole default as a fraction, or as a switch, we say so."""
    read: dict[str, set[str]] = {}
    for path in Path(inspect.getfile(scrapy)).parent.rglob("*.py"):
        calls = re.findall(r'settings\.(get\w+)\(\s*"([A-Z_0-9]+)"', path.read_text())
        for getter, name in calls:
            read.setdefault(name, set()).add(getter)
    defaults = {name: vars(default_settings).get(name) for name in read}
    whole = {n for n, d in defaults.items() if isinstance(d, int) and not isinstance(d, bool)}
    assert {n for n in whole if "getfloat" in read[n]} == setting_kinds._MEASURES
    assert {n for n in whole if "getbool" in read[n]} == setting_kinds._SWITCHES
