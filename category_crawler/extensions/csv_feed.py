"""The CSV feed of ``scrapy crawl category -O x.csv``: the same table as the API's download."""

from io import BytesIO
from typing import Any

from scrapy.exporters import CsvItemExporter

from category_crawler.tables.columns import COLUMNS
from category_crawler.tables.csv_table import cell


class CsvFeed(CsvItemExporter):
    """Writes products with the columns and cells of :func:`.csv_table.write_csv`.

    ``"item_export_kwargs": {"raw": True}`` in ``FEEDS`` leaves texts that a spreadsheet would run
    as formulas as they are. A list of fields in ``FEED_EXPORT_FIELDS`` takes the place of ours.
    """

    def __init__(self, file: BytesIO, raw: bool = False, **options: Any) -> None:
        self._raw = raw
        options["fields_to_export"] = options.get("fields_to_export") or list(COLUMNS)
        super().__init__(file, **options)

    def serialize_field(self, field: Any, name: str, value: Any) -> Any:  # noqa: ARG002 - Scrapy's
        """The cell of a value."""
        return cell(value, raw=self._raw)
