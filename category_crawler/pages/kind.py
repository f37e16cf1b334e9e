"""The kinds of page."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of page that the site is known to send."""

    LISTING = "listing"
    NO_RESULTS = "no_results"
    """A listing that says that nothing matches."""
    PAST_THE_END = "past_the_end"
    """A page after the last one: its result range is inverted, and it has only advertisements."""
    CAPTCHA = "captcha"
    INTERSTITIAL = "interstitial"
    """The "Continue shopping" page: a button without a captcha."""
    ERROR = "error"
    """Server errors: the page with a dog, "Server Busy", rate limits and others."""
    WAF_CHALLENGE = "waf_challenge"
    AKAMAI_CHECK = "akamai_check"
    SIGN_IN = "sign_in"
    BROWSE = "browse"
    """A ``/b?node=`` landing page; it may show products, but no result cards."""
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"
