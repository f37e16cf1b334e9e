"""Every error raised on purpose, with the reason code that the API shows.

::

    CrawlError
    ├── InvalidSetting          invalid_setting
    ├── InvalidJob              invalid_job
    │   └── InvalidListingURL
    ├── RunError                invalid_run
    │   ├── RunLocked
    │   └── RunExists
    ├── SessionError            no_session
    │   ├── SessionMissing
    │   └── SessionUnreadable
    └── CrawlStopped            (a run stops early)
        ├── Blocked             blocked
        ├── LocationLost        location_lost
        ├── WrongCurrency       location_lost
        ├── FilterUnavailable   filter_unavailable
        ├── FilterNotApplied    filter_not_applied
        ├── NodeNotApplied      node_not_applied
        ├── NotAListing         not_a_listing
        ├── RobotsDisallowed    robots_disallowed
        ├── Redirected          redirected
        ├── UnreadablePage      unreadable_page
        ├── Unreachable         unreachable
        ├── TooLarge            too_large
        ├── DeliveryFailed      (a delivery session cannot be made)
        │   ├── BrowserMissing  no_browser
        │   ├── PopoverMissing  no_popover
        │   ├── PostcodeUnknown postcode_unknown
        │   ├── SuburbUnknown   suburb_unknown
        │   ├── LocationNotSet  location_not_set
        │   └── TookTooLong     took_too_long
        ├── NotStarted          not_started
        ├── StorageFailed       storage
        ├── Interrupted         interrupted
        ├── Cancelled           cancelled
        └── Crashed             crashed
"""


class CrawlError(Exception):
    """Base class of all; the text is one sentence for the user."""

    reason = "crawl_error"
    """The code the API shows as ``failed_reason``."""


class InvalidSetting(CrawlError, ValueError):
    """Raised if a setting has an unknown name or a wrong value."""

    reason = "invalid_setting"


class InvalidJob(CrawlError):
    """Raised if a job's arguments are invalid."""

    reason = "invalid_job"


class InvalidListingURL(InvalidJob):
    """Raised if a URL does not name a category listing of a known marketplace."""


class RunError(CrawlError):
    """Raised if a run's folder cannot be used."""

    reason = "invalid_run"


class RunLocked(RunError):
    """Raised if another process holds the run's lock."""


class RunExists(RunError):
    """Raised if a new run's folder already holds a run, or a run to resume is done."""


class SessionError(CrawlError):
    """Raised if a delivery session cannot be used."""

    reason = "no_session"


class SessionMissing(SessionError):
    """Raised if there is no cookie file for a domain and postcode."""


class SessionUnreadable(SessionError):
    """Raised if a cookie file has an unknown format or holds no usable cookie."""


class CrawlStopped(CrawlError):
    """Raised to stop a run before its list is complete; rows kept so far stay."""


class Blocked(CrawlStopped):
    """Raised if the site sends a captcha, challenge or sign-in page, or only error pages."""

    reason = "blocked"


class LocationLost(CrawlStopped):
    """Raised if a page is not for the requested postcode."""

    reason = "location_lost"


class WrongCurrency(LocationLost):
    """Raised if prices are in a currency other than the marketplace's own."""


class FilterUnavailable(CrawlStopped):
    """Raised if the first page does not offer a requested filter."""

    reason = "filter_unavailable"


class FilterNotApplied(CrawlStopped):
    """Raised if a page does not show a requested filter as applied."""

    reason = "filter_not_applied"


class NodeNotApplied(CrawlStopped):
    """Raised if a page is not a listing of the requested node."""

    reason = "node_not_applied"


class NotAListing(CrawlStopped):
    """Raised if a page is not a listing and not a known block page."""

    reason = "not_a_listing"


class RobotsDisallowed(CrawlStopped):
    """Raised if robots.txt forbids the page to this crawler."""

    reason = "robots_disallowed"


class Redirected(CrawlStopped):
    """Raised if the site redirects to a page that is not a listing."""

    reason = "redirected"


class UnreadablePage(CrawlStopped):
    """Raised if cards lack what every listing shows: the site's markup has changed."""

    reason = "unreadable_page"


class Unreachable(CrawlStopped):
    """Raised if the site did not answer after all retries."""

    reason = "unreachable"


class TooLarge(CrawlStopped):
    """Raised if an answer is larger than DOWNLOAD_MAXSIZE, as it is sent or once unpacked."""

    reason = "too_large"


class DeliveryFailed(CrawlStopped):
    """Base class of the errors that prevent a delivery session."""

    reason = "delivery_failed"


class BrowserMissing(DeliveryFailed):
    """Raised if no browser is found, or it does not start."""

    reason = "no_browser"


class PopoverMissing(DeliveryFailed):
    """Raised if the pop-over for the delivery location does not open or does not answer."""

    reason = "no_popover"


class PostcodeUnknown(DeliveryFailed):
    """Raised if the shop does not accept the postcode."""

    reason = "postcode_unknown"


class SuburbUnknown(DeliveryFailed):
    """Raised if the shop does not offer the suburb."""

    reason = "suburb_unknown"


class LocationNotSet(DeliveryFailed):
    """Raised if the shop accepted the postcode but still delivers elsewhere."""

    reason = "location_not_set"


class TookTooLong(DeliveryFailed):
    """Raised if a delivery job exceeds its time limit."""

    reason = "took_too_long"


class NotStarted(CrawlStopped):
    """Raised if a job can never be started."""

    reason = "not_started"


class StorageFailed(CrawlStopped):
    """Raised if a file of the run cannot be written."""

    reason = "storage"


class Interrupted(CrawlStopped):
    """Raised if the process had to stop before the list was complete."""

    reason = "interrupted"


class Cancelled(CrawlStopped):
    """Raised if a user cancelled the run."""

    reason = "cancelled"


class Crashed(CrawlStopped):
    """Raised if our own code failed."""

    reason = "crashed"


OTHER_REASON = "other"
"""Stands for reasons that this version does not know."""


def reasons() -> frozenset[str]:
    """The reason codes of all errors here."""
    kinds = [CrawlError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return frozenset(kind.reason for kind in kinds)


def known_reason(reason: str | None) -> str:
    """A reason code; empty for None, OTHER_REASON for one that is not known here."""
    if not reason:
        return ""
    return reason if reason in reasons() else OTHER_REASON
