"""What a page can be."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of answer the site is known to send."""

    LISTING = "listing"
    NO_RESULTS = "no_results"
    """A listing that says itself that nothing matches."""
    PAST_THE_END = "past_the_end"
    """A page behind the last one: an inverted range, advertisements only."""
    CAPTCHA = "captcha"
    INTERSTITIAL = "interstitial"
    """"Continue shopping": a button, no picture to read."""
    ERROR = "error"
    """The dogs page, "Server Busy", rate limits and other server errors."""
    WAF_CHALLENGE = "waf_challenge"
    AKAMAI_CHECK = "akamai_check"
    SIGN_IN = "sign_in"
    BROWSE = "browse"
    """A ``/b?node=`` landing page, without result cards."""
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"
