"""The shop as a web application: the handlers of its URLs."""

import asyncio
import random
import time
from dataclasses import dataclass, replace

from aiohttp import web

from category_crawler.domain_config import DOMAINS, Marketplace
from tests.storefront import popover
from tests.storefront.block import BLOCKS, Block
from tests.storefront.catalogue import Catalogue
from tests.storefront.denial import Denial
from tests.storefront.listing import Visit, head, listing_page, navigation
from tests.storefront.query import Query
from tests.storefront.robots import ROBOTS
from tests.storefront.switches import Switches
from tests.storefront.visitors import Visitor, Visitors, cookie_headers, suburbs


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the shop got."""

    at: float
    """Seconds since 1970."""
    host: str
    path: str
    """With its query, not decoded."""
    user_agent: str
    session_id: str | None
    number: int
    """Number of this listing request, from 1; 0 for other pages."""
    answered: str
    """``listing``, the name of the block that replaced it, or another page's own name."""


_ENDLESS_SCRIPT = '<script>addEventListener("load", () => { for (;;); })</script>'


class Site:
    """The handlers of all URLs, for one catalogue."""

    def __init__(self, catalogue: Catalogue, switches: Switches) -> None:
        self.catalogue = catalogue
        self.switches = switches
        self.visitors = Visitors()
        self.requests: list[Request] = []
        self._blocked = 0
        self._denial = Denial(switches)
        self._random = random.Random(7)

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/robots.txt", self.robots)
        application.router.add_get("/s", self.listing)
        application.router.add_get("/", self.home)
        application.router.add_get("/ap/signin", self.sign_in)
        application.router.add_get(popover.SELECTIONS, self.selections)
        application.router.add_get(popover.SUBURBS, self.suburbs)
        application.router.add_post(popover.CHANGE, self.change)
        return application

    @property
    def listing_requests(self) -> list[Request]:
        """Requests for listings, blocked ones included."""
        return [request for request in self.requests if request.number]

    async def robots(self, request: web.Request) -> web.StreamResponse:
        self._note(request, 0, "robots")
        text = ROBOTS.get(self.switches.robots)
        return web.Response(text=text) if text else web.Response(status=404)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        self._note(request, 0, "sign_in")
        return web.Response(text='<form name="signIn" action="/ap/signin"></form>')

    async def home(self, request: web.Request) -> web.StreamResponse:
        shop, visitor = self._who(request)
        self._note(request, 0, self.switches.home_block or "home")
        if self.switches.home_block:
            return await self._answer_block(request, BLOCKS[self.switches.home_block](shop.domain))
        visit = self._visit(request, shop, visitor, 0)
        bar = navigation(self.switches, None, visit)
        loops = self.switches.home_loops and visitor.place is not None
        script = _ENDLESS_SCRIPT if loops else ""
        return _html(f"{head(shop, 'Home')}{bar}{script}</body></html>", visitor)

    async def listing(self, request: web.Request) -> web.StreamResponse:
        shop, visitor = self._who(request)
        number = len(self.listing_requests) + 1
        name = self._block_name(number)
        self._expire(number)
        self._note(request, number, name or "listing")
        await asyncio.sleep(self.switches.latency)
        block = BLOCKS[name](shop.domain) if name else None
        if block and not block.spoils:
            return await self._answer_block(request, block)
        visit = self._visit(request, shop, visitor, number)
        visit = replace(visit, denied=self._denial.is_due(request.path_qs))
        query = Query.read(
            request.query,
            domain=shop.domain,
            domestic=not visit.foreign,
            dropped=self._dropped(),
        )
        page = listing_page(self.catalogue, self.switches, query, visit)
        return _spoiled(page, block) if block else _html(page, visitor)

    async def selections(self, request: web.Request) -> web.StreamResponse:
        """The pop-over's content, for the token of a page."""
        shop, visitor = self._who(request)
        self._note(request, 0, "selections")
        if not visitor.holds(request.headers.get(popover.TOKEN_HEADER), "page"):
            return web.Response(status=403)
        if not self.switches.popover:
            return web.Response(text="")
        return _html(popover.content(shop, visitor.new_token("change")), visitor)

    async def suburbs(self, request: web.Request) -> web.StreamResponse:
        """The suburbs of a postcode."""
        shop, _ = self._who(request)
        self._note(request, 0, "suburbs")
        return web.json_response(suburbs(shop, request.query.get("zipCode", "")))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Bind a place to the session."""
        shop, visitor = self._who(request)
        self._note(request, 0, "change")
        if not visitor.holds(request.headers.get(popover.TOKEN_HEADER), "change"):
            return web.Response(status=403)
        place = popover.place_of(shop, await request.json())
        if place is not None and not self.switches.keep_location:
            visitor.place = place
        known = int(place is not None)
        answer = web.json_response({"isValidAddress": known, "isAddressUpdated": known})
        for line in cookie_headers(visitor):
            answer.headers.add("Set-Cookie", line)
        return answer

    def _who(self, request: web.Request) -> tuple[Marketplace, Visitor]:
        shop = DOMAINS[request.host.removeprefix("www.")]
        return shop, self.visitors.of(shop.domain, request.cookies.get("session-id"))

    def _visit(
        self, request: web.Request, shop: Marketplace, visitor: Visitor, number: int
    ) -> Visit:
        lost = 0 < self.switches.wrong_location_from <= number
        place = None if lost else visitor.place
        return Visit(
            shop=shop,
            place=place,
            foreign=place is None,
            url=request.path_qs,
            number=number,
            token=visitor.new_token("page"),
        )

    def _expire(self, number: int) -> None:
        every = self.switches.expire_every
        if number == self.switches.expire_at or (every and number % every == 0):
            self.visitors.expire()

    def _dropped(self) -> set[str]:
        return {self.switches.drop_filter} | ({"n"} if self.switches.drop_node else set())

    def _block_name(self, number: int) -> str:
        switches = self.switches
        if not switches.block or 0 < switches.block_times <= self._blocked:
            return ""
        due = (
            0 < switches.block_from <= number
            or (switches.block_every and number % switches.block_every == 0)
            or self._random.random() < switches.block_share
        )
        if not due:
            return ""
        self._blocked += 1
        return self._random.choice(switches.block.split("|"))

    async def _answer_block(self, request: web.Request, block: Block) -> web.StreamResponse:
        if block.breaks_off:
            return await self._break_off(request, block)
        headers = dict(block.headers)
        if self.switches.retry_after and block.status in (429, 503):
            headers["Retry-After"] = self.switches.retry_after
        return web.Response(
            status=block.status, text=block.body, headers=headers, content_type="text/html"
        )

    async def _break_off(self, request: web.Request, block: Block) -> web.StreamResponse:
        assert request.transport is not None
        if block.breaks_off == "hang":
            await asyncio.sleep(3600)
        if block.breaks_off in ("truncate", "cut_chunks"):
            length = {"Content-Length": "9999"} if block.breaks_off == "truncate" else {}
            answer = web.StreamResponse(headers=length)
            answer.content_type = "text/html"
            await answer.prepare(request)
            await answer.write(b"<!doctype html><html><body>")
            request.transport.close()
            return answer
        request.transport.abort()  # type: ignore[attr-defined]
        return web.Response()

    def _note(self, request: web.Request, number: int, answered: str) -> None:
        self.requests.append(
            Request(
                at=time.time(),
                host=request.host,
                path=request.path_qs,
                user_agent=request.headers.get("User-Agent", ""),
                session_id=request.cookies.get("session-id"),
                number=number,
                answered=answered,
            )
        )


def _spoiled(text: str, block: Block) -> web.Response:
    assert block.spoils is not None
    headers = {"Content-Type": "text/html; charset=utf-8"} | block.headers
    answer = web.Response(body=block.spoils(text.encode()), headers=headers)
    for number in range(block.many_cookies):
        answer.headers.add("Set-Cookie", f"odd-{number}={'x' * 20}; Path=/")
    return answer


def _html(text: str, visitor: Visitor) -> web.Response:
    response = web.Response(text=text, content_type="text/html", charset="utf-8")
    for line in cookie_headers(visitor):
        response.headers.add("Set-Cookie", line)
    response.enable_compression()
    return response
