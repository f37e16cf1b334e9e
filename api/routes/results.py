"""Downloads: the rows of one's own runs, as raw bytes."""

from flask import Blueprint, Response

from api.products.forms import MIMETYPES
from api.rest.auth import authenticate
from api.rest.operation import add_rule, describe
from api.rest.ownership import own_runner
from api.rest.run_files import rows_file
from api.rest.schemas import LARGEST_ID
from api.services import services

blueprint = Blueprint("results", __name__, url_prefix="/results")


def category_asins(collection_id: int, runner_id: int, form: str) -> Response:
    """Download the rows of a runner as JSON, JSON lines, CSV, Excel or Parquet.

    Of a run that is going on or has failed these are the whole lines written so far. The answer
    carries an ETag, and parts of it can be asked for with Range. A large CSV, Excel or Parquet file
    is made when it is first asked for: until it is ready the answer is 503, with the seconds after
    which to ask again in Retry-After; of a run that is going on it may be a minute old. HEAD makes
    nothing, and tells the length of such a file only if it is made.

    In a CSV, a text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, a
    tab or a carriage return) has a `'` before it; `raw=true` leaves it as it is. `bom=true` puts a
    byte order mark first, which makes Excel read the file as UTF-8.
    """
    authenticate()
    return rows_file(services().jobs.refresh(own_runner(collection_id, runner_id)), form)


_ID = f"int(max={LARGEST_ID})"
add_rule(
    blueprint,
    f"/<{_ID}:collection_id>/<{_ID}:runner_id>/category_asins.<any({', '.join(MIMETYPES)}):form>",
    category_asins,
    "GET",
)
describe(
    blueprint,
    "GET",
    "/{collection_id}/{runner_id}/category_asins.{form}",
    category_asins,
    None,
    None,
    (400, 401, 404, 405, 429, 503),
    secured=True,
)
