"""The cookie of a person who is signed in: it carries a session token of the API."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from category_crawler.files.home import var_folder
from category_crawler.files.secret import secret_in


class SecureCookie(SecureCookieSessionInterface):
    """Flask's signed cookie, which browsers send over TLS alone if they got it over TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's
        """Whether the cookie is marked Secure."""
        return request.is_secure


def secret_key() -> str:
    """What cookies are signed with: ``var/web.secret``, the same for every process of a home."""
    return secret_in(var_folder() / "web.secret")
