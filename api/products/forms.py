"""The forms in which a run's rows can be downloaded."""

from dataclasses import dataclass

from category_crawler.tables.maker import TableKind

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Makes Excel read a CSV file as UTF-8."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the rows, with the choices of a client."""

    name: str
    """``json``, ``jsonl``, ``csv``, ``xlsx`` or ``parquet``: the ending of the file's name."""
    raw: bool = False
    """CSV: leave texts that a spreadsheet would run as formulas as they are."""
    bom: bool = False
    """CSV: begin with a byte order mark."""

    @property
    def mimetype(self) -> str:
        """Its media type."""
        return MIMETYPES[self.name]

    @property
    def table(self) -> TableKind | None:
        """The table that must be made for it; None if the rows are sent as they are."""
        if self.name == "csv":
            return TableKind.RAW_CSV if self.raw else TableKind.CSV
        return TableKind(self.name) if self.name in ("xlsx", "parquet") else None

    @property
    def is_marked(self) -> bool:
        """Whether it begins with the byte order mark."""
        return self.bom and self.name == "csv"

    @property
    def tag(self) -> str:
        """Tells it from the other forms in an ETag."""
        choices = ("raw" if self.raw else "", "bom" if self.bom else "")
        return "-".join(filter(None, (self.name, *choices)))


MIMETYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
CHANGES_FORMS = ("csv", "xlsx", "parquet")
"""The forms of a table of changes."""
