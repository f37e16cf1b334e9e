"""A simulated shop for plans: answers with journal records and makes no pages."""

from dataclasses import replace
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

from category_crawler.domain_config import DOMAINS
from category_crawler.listing_url import ListingURL
from category_crawler.pages import Kind
from category_crawler.planning.partition import Partition
from category_crawler.run.journal import NOT_APPLIED, PageRecord
from tests.storefront import Catalogue, Query, Switches
from tests.storefront.catalogue import BRANDS, DEPARTMENT, NODE, SUB_NODES
from tests.storefront.denial import Denial
from tests.storefront.listing import Serving, Visit
from tests.storefront.query import BRAND_CODE


class PaperShop:
    """Answers a plan's requests from a catalogue, and counts them."""

    def __init__(self, catalogue: Catalogue, switches: Switches | None = None) -> None:
        self.catalogue = catalogue
        self.switches = switches or Switches()
        self.requests = 0
        self._denial = Denial(self.switches)
        self.found: set[str] = set()
        self.brands = list(BRANDS)
        """Brands that the rail offers."""
        self.nodes = list(SUB_NODES)
        """Nodes below the example node that the rail offers."""

    def answer(self, asked: ListingURL) -> PageRecord:
        """The journal record of the requested page."""
        self.requests += 1
        parameters = dict(parse_qsl(urlsplit(str(asked)).query))
        dropped = {self.switches.drop_filter}
        query = Query.read(parameters, domain=asked.domain, domestic=True, dropped=dropped)
        visit = Visit(DOMAINS[asked.domain], "X", False, str(asked), self.requests)
        served = Serving(self.catalogue, self.switches, query, visit)
        if self._denial.is_due(str(asked)) or not served.total:
            return self._no_results(asked)
        if query != Query.read(parameters, domain=asked.domain, domestic=True, dropped=set()):
            return self._not_applied(asked)
        organic = served.organic
        kind = Kind.LISTING if organic else Kind.PAST_THE_END
        total, is_rounded = served.known_total
        has_strip = served.shown_pages > 1 and not served.is_past_the_end
        self.found.update(item.asin for item in organic)
        return PageRecord(
            listing=str(asked.with_page(1)),
            page=asked.page,
            kind=kind,
            first=served.first if served.has_bar else None,
            last=served.last if served.has_bar else None,
            total=total if served.has_bar else None,
            total_is_rounded=is_rounded,
            last_page=served.shown_pages if has_strip else None,
            has_next=has_strip and served.page < served.shown_pages,
            asins=tuple(item.asin for item in organic),
            prices=tuple(item.price_cents for item in organic),
            new=0,
            outliers=0,
            price_proved=None,
            requests=1,
            at="2026-01-01T00:00:00Z",
            brands=tuple(f"{BRAND_CODE}:{value}" for value in self.brands)
            if asked.page == 1
            else (),
            nodes=self._nodes(asked) if asked.page == 1 else (),
        )

    def _nodes(self, asked: ListingURL) -> tuple[str, ...]:
        if self.switches.rail_lists_siblings:
            return tuple(node for node in (DEPARTMENT, NODE, *SUB_NODES) if node != asked.node)
        return () if asked.node in SUB_NODES else tuple(self.nodes)

    def _no_results(self, asked: ListingURL) -> PageRecord:
        record = self._without_results(asked, Kind.NO_RESULTS)
        return replace(record, proved=self.switches.no_results_rail)

    def _not_applied(self, asked: ListingURL) -> PageRecord:
        """What the crawl notes of a page that does not show a requested filter as applied."""
        return self._without_results(asked, NOT_APPLIED)

    def _without_results(self, asked: ListingURL, kind: str) -> PageRecord:
        return PageRecord(
            listing=str(asked.with_page(1)),
            page=asked.page,
            kind=kind,
            first=None,
            last=None,
            total=None,
            total_is_rounded=False,
            last_page=None,
            has_next=False,
            asins=(),
            prices=(),
            new=0,
            outliers=0,
            price_proved=None,
            requests=1,
            at="2026-01-01T00:00:00Z",
        )

    def crawl(self, partition: Partition, at_once: int = 1, most: int = 5_000) -> None:
        """Answer a plan's requests to its end, ``at_once`` pages at a time in reversed order."""
        while not partition.is_over:
            for asked in reversed(list(islice(partition.wanted(), at_once))):
                partition.add(self.answer(asked))
            assert self.requests <= most, "the plan does not end"

    def priced(self, **asked: object) -> set[str]:
        """The products of a selection that have a price."""
        of = self.catalogue.by_asin
        return {a for a in self.catalogue.asins(**asked) if of[a].price_cents is not None}
