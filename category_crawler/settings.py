"""Scrapy's settings for this project; a comment gives Scrapy's default of each changed value.

The operator's ``settings.toml`` in the home folder overrides them, also for Scrapyd's jobs, which
have no command line.
"""

import os
import sys

from scrapy.settings import default_settings

from category_crawler import __version__
from category_crawler.cluster.membership import check_membership
from category_crawler.environment import check_environment
from category_crawler.errors import InvalidSetting
from category_crawler.log_lines import formatter, is_json
from category_crawler.setting_kinds import check_settings
from category_crawler.settings_file import read_settings_file

BOT_NAME = "category_crawler"
SPIDER_MODULES = ["category_crawler.spiders"]
COMMANDS_MODULE = "category_crawler.commands"

# --- Politeness ------------------------------------------------------------------------------
CONTACT = os.environ.get("CATEGORY_CRAWLER_CONTACT", "no contact given")
ROBOTSTXT_OBEY = True  # False
DOWNLOAD_DELAY = 2  # 0; seconds between two requests to one shop, of all runs together
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # 8
AUTOTHROTTLE_ENABLED = True  # False
AUTOTHROTTLE_START_DELAY = 2  # 5
AUTOTHROTTLE_MAX_DELAY = 60

# --- Retries, with growing pauses ------------------------------------------------------------
RETRY_TIMES = 8  # 2; at a failure rate of 20 %, three attempts lose a third of 60-page runs
RETRY_HTTP_CODES = [408, 429, 500, 502, 503, 504, 522, 524]
RETRY_PAUSE = 2.0  # seconds before the first retry; doubled each time
RETRY_PAUSE_MAX = 300.0  # seconds
RETRY_AFTER_MAX = 3600.0  # seconds; the run stops if the site asks for a longer wait
RETRY_BUDGET = 7200.0  # seconds without a good answer; after that there are no more retries
BLOCK_PAUSE = 600.0  # seconds before the single retry of a challenged page; 0: no retry
DOWNLOAD_TIMEOUT = 40  # 180
DOWNLOAD_MAXSIZE = 10_000_000  # 1 GiB; bytes of an answer, also once it is unpacked

# --- The plan: how much to request for a whole category --------------------------------------
MAX_REQUESTS = 0  # listing requests, then the run ends; 0: 20,000, or more in a large category
SLICE_TRIES = 2  # how often to fetch a slice again if products are missing
AUDIT_PAGES = 10  # most random pages that measure a finished plan; at most a tenth of its pages
KNOWN_PLANS = True  # begin with the slices of an earlier run of the same list; False: as the first
UNPRICED_ORDERS = 2  # more sort orders of the whole listing, to find products without a price

# --- Delivery sessions ------------------------------------------------------------------------
SESSION_MAX_AGE = 24 * 3600.0  # seconds; an older session is renewed before a crawl starts
SESSION_RENEWALS = 5  # how often one crawl may renew a session that the site has dropped
DELIVERY_TIMEOUT = 180.0  # seconds after which a delivery job is stopped
POPOVER_TIMEOUT = 20.0  # seconds to wait for each step of the pop-over

# --- Previews ---------------------------------------------------------------------------------
PREVIEW_TIMEOUT = 90.0  # seconds after which a preview is stopped

# --- Security of requests and redirects ------------------------------------------------------
DOWNLOAD_VERIFY_CERTIFICATES = True  # False; requests carry session cookies
METAREFRESH_ENABLED = False  # True; an Akamai check page refreshes itself
REDIRECT_MAX_TIMES = 3  # 20

# --- Components -------------------------------------------------------------------------------
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "category_crawler.middlewares.retry.BackoffRetry": 550,
    "category_crawler.middlewares.block_pause.BlockPause": 560,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "category_crawler.middlewares.decompression.Decompression": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "category_crawler.middlewares.cookies.BoundedCookies": 700,
    "category_crawler.middlewares.redirects.ListingRedirects": 600,
}
# One pace for each shop, whatever number of runs ask it.
DOWNLOAD_HANDLERS = {
    "http": "category_crawler.pace.handler.PacedHandler",
    "https": "category_crawler.pace.handler.PacedHandler",
}
SPIDER_MIDDLEWARES = {
    # Off, because every product passes through each of them.
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # the spider judges errors
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
}
EXTENSIONS = {
    "category_crawler.extensions.stopping.Stopping": 100,
    "category_crawler.extensions.parent_watch.ParentWatch": 200,
    "category_crawler.extensions.freed_memory.ReuseFreedMemory": 300,
}
CONCURRENT_ITEMS = 1  # 100; Scrapy makes so many tasks per page, and no pipeline here needs them
LOG_FORMATTER = "category_crawler.extensions.log_formatter.QuietLogFormatter"
# Requests may carry retry_times on purpose; without this Scrapy logs a warning.
META_COPY_WARN_SKIP_KEYS = ["retry_times"]

# --- Stopping --------------------------------------------------------------------------------
CANCEL_GRACE = 20.0  # seconds from SIGINT or SIGTERM until a spider that has not closed exits

# --- Remote access, off ----------------------------------------------------------------------
REMOTE_CONTROL_ENABLED = False  # True; an HTTP server that runs Python
TELNETCONSOLE_ENABLED = False
# Scrapy imports an extension that is off, here a web server per job; removing it avoids that.
EXTENSIONS_BASE = {
    name: order
    for name, order in default_settings.EXTENSIONS_BASE.items()
    if "remote_control" not in name and "telnet" not in name
}

# --- Feeds --------------------------------------------------------------------------------------

FEED_EXPORTERS = {"csv": "category_crawler.extensions.csv_feed.CsvFeed"}

# --- In a terminal, the progress bar replaces the log ----------------------------------------
LOG_LEVEL = "WARNING" if sys.stderr.isatty() else "INFO"  # DEBUG

# --- The operator's own ------------------------------------------------------------------------
own = {name: value for name, value in globals().items() if name.isupper()}
try:
    check_environment()
    check_membership()
    file = read_settings_file()
    # The API's clients see the value in the API's own table, so it applies here too.
    given = {"CANCEL_GRACE": file.api.get("cancel_grace", CANCEL_GRACE)} | file.scrapy
    given["CANCEL_GRACE"] = os.environ.get("CATEGORY_CRAWLER_CANCEL_GRACE", given["CANCEL_GRACE"])
    check_settings({"CONTACT": CONTACT} | given, own)
    if is_json():
        from scrapy.utils import log

        # Scrapy has a setting for it from 2.20 on.
        log._get_formatter = lambda handler, settings: formatter()  # noqa: ARG005
except InvalidSetting as error:
    # Scrapy imports this module before any of our code runs, and would show a traceback.
    sys.exit(f"Wrong settings: {error}")
globals().update(given)

USER_AGENT = globals().get("USER_AGENT") or f"category_crawler/{__version__} (+{CONTACT})"
