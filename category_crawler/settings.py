"""Scrapy's settings for this project; beside each changed value stands what it changes.

An operator's own ``settings.toml`` in the home folder is read last and wins, also for jobs that
Scrapyd runs: they have no command line.
"""

import os
import sys
import tomllib

from scrapy.settings import default_settings

from category_crawler import __version__
from category_crawler.files.home import settings_file

BOT_NAME = "category_crawler"
SPIDER_MODULES = ["category_crawler.spiders"]
COMMANDS_MODULE = "category_crawler.commands"

# --- Manners ---------------------------------------------------------------------------------
CONTACT = os.environ.get("CATEGORY_CRAWLER_CONTACT", "no contact given")
ROBOTSTXT_OBEY = True  # False
DOWNLOAD_DELAY = 2  # 0; seconds between two requests
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # 8
AUTOTHROTTLE_ENABLED = True  # False
AUTOTHROTTLE_START_DELAY = 2  # 5
AUTOTHROTTLE_MAX_DELAY = 60

# --- Retries, with growing pauses ------------------------------------------------------------
RETRY_TIMES = 8  # 2; at a failure rate of 20 % three tries lose a third of 60-page runs
RETRY_HTTP_CODES = [408, 429, 500, 502, 503, 504, 522, 524]
RETRY_PAUSE = 2.0  # seconds before the first retry; doubled each time
RETRY_PAUSE_MAX = 300.0  # seconds
RETRY_AFTER_MAX = 3600.0  # seconds; a site that asks for a longer wait ends the run
RETRY_BUDGET = 7200.0  # seconds without one good answer, after which nothing is tried again
BLOCK_PAUSE = 600.0  # seconds before the one more try of a page that a challenge stands before
DOWNLOAD_TIMEOUT = 40  # 180

# --- The plan: how much is asked of the site for the whole category ---------------------------
MAX_REQUESTS = 20_000  # listing requests, failed ones included; then the run ends
SLICE_TRIES = 2  # how often a slice is fetched again when products of it were missed
UNPRICED_ORDERS = 2  # further sort orders of the whole listing, for products without a price

# --- Delivery sessions ------------------------------------------------------------------------
SESSION_MAX_AGE = 24 * 3600.0  # seconds; older ones are renewed before a crawl starts
SESSION_RENEWALS = 5  # how often one crawl renews a session that the site has forgotten
DELIVERY_TIMEOUT = 180.0  # seconds after which a delivery job is ended
POPOVER_TIMEOUT = 20.0  # seconds to wait for each step of the pop-over

# --- What a page may and may not do ----------------------------------------------------------
DOWNLOAD_VERIFY_CERTIFICATES = True  # False; cookies travel
METAREFRESH_ENABLED = False  # True; an Akamai check refreshes itself
REDIRECT_MAX_TIMES = 3  # 20

# --- Components -------------------------------------------------------------------------------
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "category_crawler.middlewares.retry.GrowingPauses": 550,
    "category_crawler.middlewares.block_pause.BlockPause": 560,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "category_crawler.middlewares.decompression.Decompression": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "category_crawler.middlewares.redirects.ListingRedirects": 600,
}
SPIDER_MIDDLEWARES = {
    # Every product goes through each of them.
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # the spider judges errors
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
}
EXTENSIONS = {
    "category_crawler.extensions.stopping.Ending": 100,
    "category_crawler.extensions.parent_watch.ParentWatch": 200,
    "category_crawler.extensions.freed_memory.KeepFreedMemory": 300,
}
CONCURRENT_ITEMS = 1  # 100; so many tasks are made for each page, and no pipeline waits here
LOG_FORMATTER = "category_crawler.extensions.log_formatter.LogLines"
# A page's request copies what the reader needs; Scrapy would warn of each retry in a callback.
META_COPY_WARN_SKIP_KEYS = ["retry_times"]

# --- The end --------------------------------------------------------------------------------
CANCEL_GRACE = 20.0  # seconds from INT or TERM until a spider that has not closed ends itself

# --- Doors that stay shut --------------------------------------------------------------------
REMOTE_CONTROL_ENABLED = False  # True; an HTTP server that runs Python
TELNETCONSOLE_ENABLED = False
# Scrapy loads what is off and even what EXTENSIONS maps to None, here a web server for each job.
EXTENSIONS_BASE = {
    name: order
    for name, order in default_settings.EXTENSIONS_BASE.items()
    if "remote_control" not in name and "telnet" not in name
}

# --- In a terminal the progress bar takes the place of the log --------------------------------
LOG_LEVEL = "WARNING" if sys.stderr.isatty() else "INFO"  # DEBUG

if settings_file().exists():
    given = tomllib.loads(settings_file().read_text(encoding="utf-8"))
    # The API's own table names the time that its clients see.
    CANCEL_GRACE = given.get("api", {}).get("cancel_grace", CANCEL_GRACE)
    globals().update(given)
CANCEL_GRACE = float(os.environ.get("CATEGORY_CRAWLER_CANCEL_GRACE", CANCEL_GRACE))

USER_AGENT = globals().get("USER_AGENT") or f"category_crawler/{__version__} (+{CONTACT})"
