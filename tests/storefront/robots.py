"""The shop's robots.txt, in its variants."""

_LISTINGS_ALLOWED = "User-agent: *\nDisallow: /gp/cart\nDisallow: /-/\nDisallow: /ap/signin\n"

ROBOTS: dict[str, str] = {
    "allow": _LISTINGS_ALLOWED,
    "scrapy": f"{_LISTINGS_ALLOWED}\nUser-agent: Scrapy\nDisallow: /\n",
    "us": f"{_LISTINGS_ALLOWED}\nUser-agent: category_crawler\nDisallow: /s\n",
    "us_whole": f"{_LISTINGS_ALLOWED}\nUser-agent: category_crawler\nDisallow: /\n",
    "all": "User-agent: *\nDisallow: /s\n",
}
"""The text for each value of the switch; ``missing`` has no robots.txt."""
