"""The Content-Security-Policy of pages."""

from flask import Response

from api.web.pictures import picture_host


def with_policy(response: Response) -> Response:
    """Allow a page scripts, styles and data from here alone, and pictures from the shop's host."""
    pictures = f" {host}" if (host := picture_host()) else ""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' data:{pictures}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return response
