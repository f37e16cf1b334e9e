"""The preview of a crawl: one page of its listing, checked as the crawl would check it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Self

from category_crawler.crawl.category_crawl import session_of
from category_crawler.crawl.page_checks import (
    PageRequest,
    check_page,
    check_price,
    choices,
    learn_delivery_day,
    price_proved,
)
from category_crawler.crawl.page_record import Counts, is_inside, page_record
from category_crawler.crawl.warnings import warnings_of
from category_crawler.delivery.session import DeliverySession
from category_crawler.domain_config import DELIVERY_DAY_CODE, PRIME_SHIPS_FROM_AU, Filter
from category_crawler.errors import FilterNotApplied, FilterUnavailable
from category_crawler.items import Product
from category_crawler.job import CategoryJob
from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind, Page
from category_crawler.planning.plan import Limits, Plan, pages_to_limit
from category_crawler.run.preview_report import PreviewFilter, PreviewProduct, PreviewReport
from category_crawler.times import utc_now

_PRODUCTS = 8
_FIELDS = {
    PRIME_SHIPS_FROM_AU[0]: Filter.PRIME_SHIPS_FROM_AU,
    DELIVERY_DAY_CODE: Filter.DELIVERY_DAY,
}


class CategoryPreview:
    """Takes the first page of a listing, after the one that tells the delivery day's filter."""

    def __init__(self, job: CategoryJob, session: DeliverySession | None, limits: Limits) -> None:
        self.job, self.session = job, session
        self._plan = Plan(job, (), limits)
        self._page: Page | None = None
        """The latest page."""
        self._asked = PageRequest(job.listing)
        self._problem: FilterNotApplied | FilterUnavailable | None = None
        self.is_over = False

    @classmethod
    def begin(cls, arguments: dict[str, str], limits: Limits) -> Self:
        """Prepare a preview. Raises InvalidJob or SessionError, before any request."""
        job = CategoryJob.from_arguments(arguments)
        return cls(job, session_of(job), limits)

    @property
    def wanted(self) -> ListingURL:
        """The page to request; not once it is over."""
        return next(self._plan.wanted)

    def take(self, page: Page, listing: ListingURL, requests: int) -> None:
        """Take the page that was wanted. Raises CrawlStopped as a crawl would, but for filters
        that the shop does not apply or offer."""
        postcode = self.session.postcode if self.session else None
        self._page, self._asked = page, PageRequest(listing, postcode, self._plan.requests + 1)
        day = None
        try:
            check_page(page, self._asked)
            day = self._day_offered(page)
        except (FilterNotApplied, FilterUnavailable) as error:
            self._problem = error
        counts = Counts(new=0, requests=requests, offset=0)
        record = page_record(page, listing, counts, self.job.listing.price)
        self._plan.add(replace(record, delivery_day=day))
        self.is_over = day is None

    def report(self, seconds_a_request: float, answer_seconds: float) -> PreviewReport:
        """What the page has shown."""
        page = self._page
        assert page is not None, "a page has been taken"
        is_empty = page.kind is Kind.NO_RESULTS
        return PreviewReport(
            stage="done",
            problem=str(self._problem) if self._problem else None,
            node_name=page.node_name if page.node_applied == self.job.listing.node else None,
            location=page.location or None,
            reported_total=0 if is_empty else page.total,
            reported_is_rounded=page.total_is_rounded,
            products=[_shown(product) for product in self._products[:_PRODUCTS]],
            filters=[*self._filters(page)],
            requests=self._requests,
            seconds_a_request=seconds_a_request,
            answer_seconds=answer_seconds,
            warnings=warnings_of(self.job, self._plan),
            session_version=self.session.version if self.session else "",
            finished_at=utc_now(),
        )

    def _day_offered(self, page: Page) -> str | None:
        """The filter value of the delivery day, if this page was requested to learn it."""
        day = self.job.delivery_day
        is_learning = self._plan.learning and page.kind is Kind.LISTING
        return learn_delivery_day(page.filters_offered, day) if day and is_learning else None

    @property
    def _products(self) -> list[Product]:
        """The products of the page that a crawl would keep."""
        assert self._page is not None
        own, bounds = self.job.marketplace.currency, self.job.listing.price
        return [p for p in self._page.products if not p.sponsored and is_inside(p, own, bounds)]

    @property
    def _requests(self) -> int | None:
        """Requests of a crawl: the page that tells the delivery day, and those of the plan."""
        pages = self._plan.expected_pages
        if pages is None or self._problem:
            return None
        pages = pages_to_limit(pages, self.job.max_products, len(self._products), finished=1)
        learned = int(self.job.delivery_day is not None)
        return min(pages + learned, self._plan.most_requests)

    def _filters(self, page: Page) -> Iterator[PreviewFilter]:
        labels = {refinement.term: refinement.label for refinement in page.filters_applied}
        proves = page.kind is Kind.LISTING
        for code, value in self._asked.listing.refinements:
            shown = [labels.get(term) for term in choices(code, value)]
            named = [label for label in shown if label is not None]
            yield PreviewFilter(
                name=str(_FIELDS.get(code, f"{code}:{value}")),
                label=", ".join(named) or None,
                applied=len(named) == len(shown) or (False if proves else None),
            )
        if isinstance(self._problem, FilterUnavailable):
            yield PreviewFilter(name=str(Filter.DELIVERY_DAY), applied=False)
        if self.job.listing.price != (None, None):
            yield PreviewFilter(name=str(Filter.PRICE), applied=self._price_applied(page))

    def _price_applied(self, page: Page) -> bool | None:
        try:
            check_price(page, self._asked)
        except FilterNotApplied:
            return False
        return price_proved(page, self._asked) or None


def _shown(product: Product) -> PreviewProduct:
    return PreviewProduct(
        asin=product.asin,
        title=product.title,
        image_url=product.image_url,
        url=product.url,
        price=product.price,
        price_cents=product.price_cents,
        currency=product.currency,
        delivery=product.delivery,
    )
