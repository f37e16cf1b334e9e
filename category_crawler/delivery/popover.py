"""Sets the delivery location in the shop's "Deliver to" pop-over, in a browser.

The selectors are the site's own (public sources). They differ between marketplaces, which ask for a
postcode and a suburb, for one code, or for a code in two parts.
"""

import re
from collections.abc import Awaitable, Callable

from playwright.async_api import Error as BrowserError
from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as NotInTime

from category_crawler.delivery.suburb import is_same_suburb
from category_crawler.domain_config import Marketplace
from category_crawler.errors import PopoverMissing, PostcodeUnknown, SuburbUnknown

__all__ = ["BrowserError", "DeliveryPopover"]

_OPEN = "#nav-global-location-popover-link"
_DONE = "button[name=glowDoneButton]:visible, #GLUXConfirmClose:visible"
_COMPLAINT = (
    "#GLUXZipError:visible, [id^=GLUX][id*=Error]:visible, #glow-modal .a-alert-error:visible"
)
_CODE, _CODE_APPLY = "#GLUXZipUpdateInput", "#GLUXZipUpdate input"
_AU = "#GLUXPostalCodeWithCity"
_PARTS = {"amazon.ca": 3, "amazon.co.jp": 3, "amazon.com.br": 5}
"""Marketplaces with two inputs for the code: the number of characters in the first."""


_HYPHEN_AT = {"amazon.pl": 2}
"""Marketplaces with one input whose codes are written with a hyphen: where it stands."""


class DeliveryPopover:
    """The pop-over of a shop's page that is open in a browser."""

    def __init__(self, page: Page, shop: Marketplace, seconds: float) -> None:
        self._page = page
        self._shop = shop
        self._seconds = seconds
        self.suburbs: list[str] = []
        """The suburbs that the shop offered for the postcode; empty where it asks for none."""

    async def deliver_to(self, postcode: str, suburb: str | None) -> str | None:
        """Set the location; return the chosen suburb, or None if the shop asks for none.

        The default is the first suburb offered. Raises PopoverMissing, PostcodeUnknown with the
        shop's message, or SuburbUnknown with the suburbs offered.
        """
        await self._open()
        if self._shop.domain == "amazon.com.au":
            chosen = await self._fill_with_suburb(postcode, suburb)
        else:
            chosen = None
            await self._fill_code(postcode)
        await self._confirm(postcode)
        return chosen

    async def _open(self) -> None:
        first_input = {
            "amazon.com.au": f"{_AU}_PostalCodeInput",
            **dict.fromkeys(_PARTS, f"{_CODE}_0"),
        }.get(self._shop.domain, _CODE)
        await self._expect(self._page.click, _OPEN)
        await self._expect(self._page.wait_for_selector, first_input)

    async def _fill_code(self, postcode: str) -> None:
        code = re.sub(r"[ -]", "", postcode)
        cut = _PARTS.get(self._shop.domain)
        if cut is None:
            await self._expect(self._page.fill, _CODE, self._as_written(postcode))
        else:
            await self._expect(self._page.fill, f"{_CODE}_0", code[:cut])
            await self._expect(self._page.fill, f"{_CODE}_1", code[cut:])
        await self._expect(self._page.click, _CODE_APPLY)

    def _as_written(self, postcode: str) -> str:
        at = _HYPHEN_AT.get(self._shop.domain)
        return postcode if at is None else f"{postcode[:at]}-{postcode[at:]}"

    async def _fill_with_suburb(self, postcode: str, suburb: str | None) -> str:
        await self._page.locator(f"{_AU}_PostalCodeInput").press_sequentially(postcode, delay=50)
        listed = self._page.locator(f"{_AU}_DropdownList option[value]:not([value=''])")
        await self._first_of(listed, postcode)
        offered = [text.strip() for text in await listed.all_text_contents()]
        self.suburbs = offered
        chosen = _choose(offered, suburb, postcode)
        await self._expect(self._page.click, f"{_AU}_DropdownButton")
        await self._expect(self._page.click, f"a{_AU}_DropdownList_{offered.index(chosen)}")
        await self._expect(self._page.click, f"{_AU}ApplyButton input")
        return chosen

    async def _confirm(self, postcode: str) -> None:
        await self._first_of(self._page.locator(_DONE), postcode)
        async with self._page.expect_navigation(
            wait_until="domcontentloaded", timeout=self._seconds * 1000
        ):
            await self._page.locator(_DONE).first.click()

    async def _first_of(self, wanted: Locator, postcode: str) -> None:
        """Wait for the wanted element; raise PostcodeUnknown if the shop complains first."""
        complaint = self._page.locator(_COMPLAINT).first
        either = wanted.first.or_(complaint).first
        try:
            await either.wait_for(state="attached", timeout=self._seconds * 1000)
        except NotInTime:
            raise PopoverMissing(
                f"the pop-over of {self._shop.host} gave no answer to postcode {postcode} within "
                f"{self._seconds:.0f} s"
            ) from None
        if await complaint.is_visible():
            said = " ".join((await complaint.inner_text()).split())
            raise PostcodeUnknown(
                f"{self._shop.host} does not accept postcode {postcode}: {said!r}"
            )

    async def _expect(self, act: Callable[..., Awaitable[object]], *arguments: str) -> None:
        try:
            await act(*arguments, timeout=self._seconds * 1000)
        except NotInTime:
            raise PopoverMissing(
                f"the pop-over for the delivery location did not open on {self._shop.host}: "
                f"{arguments[0]} did not appear within {self._seconds:.0f} s"
            ) from None


def _choose(offered: list[str], suburb: str | None, postcode: str) -> str:
    if suburb is None:
        return offered[0]
    for one in offered:
        if is_same_suburb(one, suburb):
            return one
    raise SuburbUnknown(
        f"no suburb {suburb!r} is offered for postcode {postcode}: choose one of "
        f"{', '.join(offered)}"
    )
