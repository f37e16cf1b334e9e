"""Files that the browser keeps; while one is being made, a page that asks for it again."""

from collections.abc import Callable

from flask import Response, make_response, render_template

from api.products.downloads import NotMade, NotReady


def download(make: Callable[[], Response], back: str) -> Response:
    """The file that ``make`` answers with; ``back`` is where the waiting page leads to.

    Raises NotMade if there is nothing to wait for.
    """
    try:
        answer = make()
    except NotMade:
        raise
    except NotReady as error:
        shown = render_template("web/preparing.html", back=back)
        waiting = make_response(shown, 503)
        # Works without scripts, and with a link that is followed by hand.
        waiting.headers["Refresh"] = waiting.headers["Retry-After"] = str(error.seconds)
        return waiting
    named = answer.headers.get("Content-Disposition", "")
    answer.headers["Content-Disposition"] = named.replace("inline", "attachment", 1)
    return answer
