"""The compose files: their services know every setting, hold no secret and open no door."""

from typing import Any

import pytest
import yaml

from api.config import Settings
from category_crawler.checkout import PROJECT
from category_crawler.environment import VARIABLES

FILES = ("compose.yaml", "compose.cluster.yaml")
OURS = "category-crawler"


def services(file: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / file).read_text())["services"]
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_setting_is_one(file: str) -> None:
    known = VARIABLES | {f"CATEGORY_CRAWLER_{name.upper()}" for name in Settings.model_fields}
    for service in services(file).values():
        assert set(service.get("environment", {})) <= known | {"API_ADDRESS", "API_PORT"}


@pytest.mark.parametrize("file", FILES)
def test_no_service_has_more_rights_than_it_needs(file: str) -> None:
    for name, service in services(file).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["networks"] == ["private"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


@pytest.mark.parametrize("file", FILES)
def test_an_api_listens_where_its_container_is_reached(file: str) -> None:
    (api,) = (service for service in services(file).values() if "ports" in service)
    assert api["environment"]["API_ADDRESS"] == api["hostname"]
    assert api["image"] == OURS
