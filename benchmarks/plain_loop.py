"""``python -m benchmarks.plain_loop URL PAGES TASKS``: an aiohttp loop with our page reader."""

import asyncio
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from aiohttp import ClientSession

from category_crawler.domain_config import Marketplace
from category_crawler.pages import read_page
from category_crawler.pasted_url import marketplace_of


async def main(url: str, pages: int, tasks: int) -> None:
    """Fetch and read so many pages of the listing, ``tasks`` at a time."""
    numbers = iter(range(1, pages + 1))
    shop = marketplace_of(urlsplit(url))
    async with ClientSession(trust_env=True) as client:
        await asyncio.gather(*(_read(client, url, shop, numbers) for _ in range(tasks)))


async def _read(client: ClientSession, url: str, shop: Marketplace, numbers: Iterator[int]) -> None:
    for page in numbers:
        async with client.get(f"{url}&page={page}") as answer:
            read_page(await answer.read(), shop, status=answer.status)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
