"""Files of a run: all rows, some, the changes since another. Calls and pages send them alike."""

from collections.abc import Sequence

from flask import Response, request

from api.products.about import changes_file_name, file_name
from api.products.comparison import Comparison
from api.products.datasets import wanted_table
from api.products.downloads import Table
from api.products.file_view import FileView
from api.products.forms import BYTE_ORDER_MARK, Form
from api.products.rows import Rows, changed_at
from api.products.selection import Selection
from api.rest.problem import ApiError
from api.rest.raw_file import form_asked_for, head, sent
from api.runners.attempts import folder_of
from api.runners.removal import why_gone
from api.services import services
from api.store.records import Runner
from category_crawler.files.record_file import NotReadable
from category_crawler.tables.maker import TableKind


def rows_file(runner: Runner, form: str) -> Response:
    """All rows of a runner in a form. Raises ApiError if there are none, NotReady."""
    wanted = form_asked_for(form)
    if runner.files_removed_at is not None:
        raise ApiError(404, why_gone(runner))
    try:
        rows = Rows(folder_of(runner), form)
    except (FileNotFoundError, NotADirectoryError, NotReadable):
        raise ApiError(404, _no_rows(runner)) from None
    response = _head(runner, wanted, rows.version)
    response.make_conditional(request)
    if response.status_code != 200:
        rows.close()
        return response
    if request.method == "HEAD":
        with rows:
            return _with_length(response, runner, rows, wanted)
    if wanted.table is None:
        return sent(_view(rows), wanted, _head(runner, wanted, rows.version))
    with rows:
        table = _table(runner, rows, wanted.table)
        return sent(table.file, wanted, _head(runner, wanted, table.version))


def changes_file(comparison: Comparison, form: str) -> Response:
    """All changes between two runs in a form. Raises NotReady, or NoRows."""
    wanted = form_asked_for(form)
    name = changes_file_name(comparison.before, comparison.after, form)
    with comparison.file(services().downloads, wanted.table or TableKind.PARQUET) as table:
        answer = head(wanted, table.version, changed_at(table.version), name)
        return sent(table.file, wanted, answer)


def selected_file(selection: Selection, columns: Sequence[str], form: str) -> Response:
    """The products of a selection in a form other than lines. Raises NotReady, or NoRows."""
    wanted = form_asked_for(form)
    with selection.file(services().downloads, columns, wanted.table) as table:
        answer = head(wanted, table.version, changed_at(table.version), selection.file_name(form))
        return sent(table.file, wanted, answer)


def _head(runner: Runner, form: Form, version: str) -> Response:
    return head(form, version, changed_at(version), file_name(runner, form.name))


def _with_length(response: Response, runner: Runner, rows: Rows, form: Form) -> Response:
    """The answer to HEAD: its length is left out where only a table's making would tell it."""
    if form.table is None:
        size: int | None = _view(rows).size
    else:
        size = services().downloads.size(wanted_table(runner, form.table), rows.version)
    if size is not None:
        response.content_length = size + (len(BYTE_ORDER_MARK) if form.is_marked else 0)
    return response


def _view(rows: Rows) -> FileView:
    try:
        return rows.view()
    except FileNotFoundError:
        raise ApiError(503, "The run has just ended: ask again in 1 s", retry_after=1) from None


def _table(runner: Runner, rows: Rows, kind: TableKind) -> Table:
    return services().downloads.table(wanted_table(runner, kind), rows)


def _no_rows(runner: Runner) -> str:
    if runner.asin_count and runner.has_ended:
        return why_gone(runner)
    return f"Runner {runner.id} has no rows"
