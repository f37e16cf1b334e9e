"""Files are named for what they hold, and every file system takes the name."""

from dataclasses import replace

from api.products.about import file_name
from api.store import Store
from api.store.records import StoredRequest
from tests.api.services import BODY, Caller


def test_a_long_name_of_a_category_is_cut_to_what_file_systems_take(
    alice: Caller, store: Store
) -> None:
    filters = {"category_url": f"{BODY['category_url']}%2Cp_123%3A{'9' * 200}"}
    runner = store.runners.add_collection(alice.user, "Lamps", StoredRequest(BODY | filters), [])
    name = file_name(replace(runner, node_name="照明器具" * 60), "parquet")
    assert name.startswith("amazon.com.au_4851693051-照明器具照明")
    assert name.endswith(".parquet")
    assert len(name.encode()) < 220
