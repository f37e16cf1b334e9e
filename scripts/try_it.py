"""Try it: the stand-in shop, the services and a first user, until Ctrl-C.

It prints one link, which works once and signs in, and a password for later. All files are below
``var/try``, which each call begins anew. When nobody has asked the shop for a while, a day passes
there: prices move, products go and others come, so that the next run finds changes.
"""

import argparse
import secrets
import shutil
import signal
import sys
import threading
import time

from stand_in import PROJECT, command, environment_of, services

HOME = PROJECT / "var" / "try"
EMAIL = "you@example.org"
PRODUCTS = 1200
MOST_PAGES = 7
"""Of a listing, as the real shop has its limit: a crawl has to divide the category."""
QUIET_SECONDS = 45
"""Without a request, after which a day passes in the shop."""
SETTINGS = """# Fast, because the shop is ours; the real site gets the slow defaults.
DOWNLOAD_DELAY = 0.5
AUTOTHROTTLE_ENABLED = false

[api]
picture_host = "{pictures}"
"""
HELP = """
  Sign in     {link}
              (works once; afterwards with {email} and the password {password})

  Paste this  https://www.amazon.com.au/s?rh=n%3A4851693051
  postcode    4500

The shop, its products and its pictures are made up, on this machine; nothing is asked of Amazon.
When nobody has asked it for {quiet} s, a day passes in the shop: run the crawl again, and look at
what has changed.
Ctrl-C ends it all. Files: {home}/
"""

sys.path.insert(0, str(PROJECT))


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    from tests.storefront import Catalogue, Storefront, Switches

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    print("Starting the shop and the services …", flush=True)
    with Storefront(Catalogue(PRODUCTS), Switches(page_cap=MOST_PAGES)).serve() as shop:
        (HOME / "settings.toml").write_text(SETTINGS.format(pictures=shop.pictures))
        environment = environment_of(HOME, shop.environment())
        with services(environment) as process:
            command(environment, "users", "create", EMAIL)
            password = secrets.token_urlsafe(9)
            command(environment, "users", "password", EMAIL, line=password)
            link = command(environment, "users", "link", EMAIL)
            home = HOME.relative_to(PROJECT)
            signing_in = {"link": link, "email": EMAIL, "password": password}
            print(HELP.format(**signing_in, home=home, quiet=QUIET_SECONDS), flush=True)
            while not stop.wait(1) and process.poll() is None:
                _let_a_day_pass(shop)
        if process.returncode and not stop.is_set():
            print(f"The services ended by themselves: {home}/serve.log says why.")
            return 1
    print("All services have been stopped.")
    return 0


def _let_a_day_pass(shop) -> None:
    """Change the shop's products if somebody has looked at them, and nobody does any more."""
    from tests.storefront.changes import Change, changed

    asked = shop.listing_requests
    if asked and time.time() - asked[-1].at > QUIET_SECONDS:
        change = Change(moved=0.1, gone=0.03, new=0.03, seed=len(asked))
        shop.site.catalogue = changed(shop.catalogue, change).catalogue
        shop.requests.clear()


if __name__ == "__main__":
    sys.exit(main())
