"""Answers that are a file: with an ETag, a name, and parts of it on request."""

from datetime import datetime
from typing import IO, cast

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from api.products.file_view import FilePart, FileView
from api.products.forms import BYTE_ORDER_MARK, Form
from api.products.spliced_file import SplicedFile
from api.rest.problem import ApiError


def form_asked_for(name: str) -> Form:
    """The form of a download with the choices in the address. Raises ApiError if one is wrong."""
    return Form(name, raw=_flag("raw"), bom=_flag("bom"))


def _flag(name: str) -> bool:
    given = request.args.get(name, "false")
    if given not in ("true", "false"):
        raise ApiError(400, f"{name}={given!r} in the address must be true or false", field=name)
    return given == "true"


def head(form: Form, version: str, changed_at: datetime, file_name: str) -> Response:
    """An answer still without its body."""
    response = Response(mimetype=form.mimetype, direct_passthrough=True)
    response.automatically_set_content_length = False
    response.headers.set("Content-Disposition", "inline", filename=file_name)
    response.cache_control.no_cache = True
    response.set_etag(f"{form.tag}-{version}")
    response.last_modified = changed_at
    return response


def sent(file: FileView, form: Form, response: Response) -> Response:
    """The answer with the file, or with the part of it that was asked for, as its body."""
    if form.is_marked:
        file = SplicedFile(BYTE_ORDER_MARK, cast(IO[bytes], file), b"")
    response.content_length = file.size
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=file.size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    part = response.content_range
    if response.status_code == 206:
        file = FilePart(cast(IO[bytes], file), part.start or 0, part.stop or 0)
    # The server's own wrapper sends a file piece by piece, and no thread waits for the client.
    response.response = wrap_file(request.environ, cast(IO[bytes], file))
    return response
