"""The running shop: its certificates, its ports, and the environment variables that lead to it."""

import asyncio
import base64
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from category_crawler.domain_config import DOMAINS
from tests.storefront import pictures
from tests.storefront.catalogue import Catalogue
from tests.storefront.proxy import Proxy
from tests.storefront.site import Request, Site
from tests.storefront.switches import Switches
from tests.storefront.visitors import place_name, storage_state, suburbs


@cache
def _authority() -> trustme.CA:
    """The one that all shops of a process share."""
    return trustme.CA()


@cache
def _certificate() -> trustme.LeafCert:
    names = [name for shop in DOMAINS.values() for name in (shop.host, shop.domain)]
    return _authority().issue_cert(*names)


class Storefront:
    """One shop on free ports of 127.0.0.1; it serves in a thread of its own."""

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        switches: Switches | None = None,
        *,
        port: int = 0,
    ) -> None:
        self.site = Site(catalogue or Catalogue(), switches or Switches())
        self.port = port
        """The proxy's port; 0 means any free port once it serves."""
        self._loop = asyncio.new_event_loop()
        self._pictures: web.AppRunner
        """The server of the picture host, while it serves."""
        self._folder = tempfile.TemporaryDirectory(prefix="storefront-")

    @property
    def catalogue(self) -> Catalogue:
        return self.site.catalogue

    @property
    def switches(self) -> Switches:
        return self.site.switches

    @property
    def pictures(self) -> str:
        """The address of its picture host."""
        return f"http://127.0.0.1:{self._pictures.addresses[0][1]}"

    @property
    def requests(self) -> list[Request]:
        """All requests so far, in order."""
        return self.site.requests

    @property
    def listing_requests(self) -> list[Request]:
        """All listing requests so far, in order."""
        return self.site.listing_requests

    @contextmanager
    def serve(self) -> Iterator[Self]:
        """Serve until the end of the block; then remove everything of the shop."""
        started = threading.Event()
        thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        thread.start()
        started.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._folder.cleanup()

    def environment(self) -> dict[str, str]:
        """Environment variables that send Scrapy and Chromium to the shop and to no other host."""
        return {
            "https_proxy": f"http://127.0.0.1:{self.port}",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(self._authority_file()),
            "CHROMIUM_ARGS": f"--ignore-certificate-errors-spki-list={self._key_hash()}",
        }

    def session(self, domain: str, postcode: str, suburb: str = "") -> dict[str, Any]:
        """A session that delivers to the postcode, as Playwright's storage state.

        Raises ValueError if the shop does not know the place.
        """
        shop = DOMAINS[domain]
        known = suburbs(shop, postcode)
        if not known or suburb not in ("", *known):
            raise ValueError(f"the shop knows no {suburb} {postcode} on {domain}")
        visitor = self.site.visitors.new(domain)
        visitor.place = place_name(shop, suburb or known[0], postcode)
        return storage_state(visitor)

    def certified(self, *names: str) -> ssl.SSLContext:
        """A TLS context for another server on this machine, trusted by the shop's clients."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _authority().issue_cert(*names).configure_cert(context)
        return context

    def expire_sessions(self) -> None:
        """Forget every visitor's delivery location."""
        self.site.visitors.expire()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.run_until_complete(self._pictures.cleanup())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        _certificate().configure_cert(context)
        runner = web.AppRunner(
            self.site.application(),
            access_log=None,
            shutdown_timeout=0.1,
            handler_cancellation=True,
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        self._pictures = web.AppRunner(pictures.application(), access_log=None)
        await self._pictures.setup()
        await web.TCPSite(self._pictures, "127.0.0.1", 0).start()
        proxy = await Proxy(runner.addresses[0][1]).serve(self.port)
        self.port = proxy.sockets[0].getsockname()[1]
        return runner

    def _authority_file(self) -> Path:
        path = Path(self._folder.name) / "authority.pem"
        if not path.exists():
            _authority().cert_pem.write_to_path(path)
        return path

    def _key_hash(self) -> str:
        """Chromium ignores SSL_CERT_FILE, but an option makes it trust one key by its hash."""
        pem = _certificate().cert_chain_pems[0].bytes()
        key = x509.load_pem_x509_certificate(pem).public_key()
        info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(sha256(info).digest()).decode()
