"""A Parquet table of the cache, in the other forms that it is asked for."""

from io import FileIO
from os import fstat
from pathlib import Path

from api.products.downloads import Downloads, Table, Wanted
from api.products.file_view import FilePart
from category_crawler.tables.maker import TableKind


class ParquetSource(FileIO):
    """A Parquet table, opened to make others of; ``version`` is that of its rows."""

    small_bytes = 50_000
    is_current = True

    def __init__(self, path: Path, version: str) -> None:
        super().__init__(path)
        self.version = version
        self._bytes = fstat(self.fileno()).st_size

    def whole_lines(self) -> int:
        """Its size in bytes."""
        return self._bytes


def in_form(downloads: Downloads, table: Table, wanted: Wanted) -> Table:
    """An open Parquet table as the wanted kind of file, open. Raises NotReady."""
    if wanted.kind is TableKind.PARQUET:
        file = table.path.open("rb", buffering=0)
        return Table(FilePart(file, 0, table.file.size), table.version, table.path)
    with ParquetSource(table.path, table.version) as source:
        return downloads.table(wanted, source)
