"""The CSV feed has the bytes of the API's table."""

import io
from dataclasses import asdict

import pytest
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings

from category_crawler.tables.csv_table import write_csv
from tests.records import product

PRODUCTS = [
    product(1, title="=1+1", is_prime=True, badges=["Best Seller", "Limited deal"], rating=4.5),
    product(2, title='Lámpara, "red"\nlarge', price_cents=None, in_stock=False),
]


@pytest.mark.parametrize("raw", [False, True])
def test_the_feed_is_the_table_of_the_api(raw: bool) -> None:
    exporter = load_object(get_project_settings()["FEED_EXPORTERS"]["csv"])
    feed, table = io.BytesIO(), io.BytesIO()
    export = exporter(feed, raw=raw, fields_to_export=None, encoding=None, indent=None)
    export.start_exporting()
    for one in PRODUCTS:
        export.export_item(one)
    export.stream.flush()
    export.finish_exporting()
    write_csv(map(asdict, PRODUCTS), table, raw=raw)
    assert feed.getvalue() == table.getvalue()
