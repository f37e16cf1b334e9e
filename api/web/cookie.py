"""The cookie of a person who is signed in: it carries a session token of the API."""

from functools import lru_cache

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from category_crawler.files.home import var_folder
from category_crawler.files.secret import secret_in


class SecureCookie(SecureCookieSessionInterface):
    """Flask's signed cookie, which browsers send over TLS alone if they got it over TLS."""

    @lru_cache(maxsize=4)  # noqa: B019 - it lives as long as the process; every request asks for it
    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs the cookie, made once."""
        return super().get_signing_serializer(app)

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - Flask's
        """Whether the cookie is marked Secure."""
        return request.is_secure


def secret_key() -> str:
    """What cookies are signed with: ``var/web.secret``, the same for every process of a home."""
    return secret_in(var_folder() / "web.secret")
