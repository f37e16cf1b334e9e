"""What needs no pages: audits held against the truth, a million products planned and resumed."""

import json
import math
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.repeats import A_DAY
from category_crawler.items import Product
from category_crawler.job import CategoryJob
from category_crawler.planning.plan import Limits, Plan
from category_crawler.run.reader import JOB, JOURNAL, PARTIAL_ROWS
from category_crawler.run.rows import row
from category_crawler.run.writer import Run
from tests.paper_shop import PaperShop
from tests.planning.repeats import planned
from tests.planning.test_audit import bound_and_recall
from tests.records import LISTING
from tests.storefront import Catalogue, Switches
from tests.storefront.changes import changed

_AUDITS = 200
_AGAIN = 100_000
_PRODUCTS = 1_000_000
_CAP = 306


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a simulation gave, and the most that it should be."""

    what: str
    value: float
    most: float


def figures() -> Iterator[Figure]:
    """The figures, in a few minutes."""
    above = sum(bound > recall for bound, recall in map(bound_and_recall, range(_AUDITS)))
    yield Figure(f"audits of {_AUDITS} whose bound is above the true recall", above / _AUDITS, 0.05)
    first = planned(Catalogue(_AGAIN, without_price=0), cap=_CAP)
    again = planned(first.shop.catalogue, first.known, cap=_CAP)
    later = planned(changed(first.shop.catalogue, A_DAY).catalogue, first.known, cap=_CAP)
    yield Figure(f"{_AGAIN:,} planned again, requests to the fewest", again.cost, 1.05)
    yield Figure(f"{_AGAIN:,} planned again after a day, the same", later.cost, 1.15)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        run.mkdir()
        yield Figure(f"{_PRODUCTS:,} planned, requests to the fewest", _planned(run), 1.1)
        yield Figure(f"{_PRODUCTS:,} rows resumed, seconds of CPU", _resumed(run), 10)


def _planned(folder: Path) -> float:
    """Requests of a plan, in pages that the products fill; leaves its run in the folder."""
    chance = random.Random(5)
    prices = [max(150, int(chance.lognormvariate(math.log(40_000), 1))) for _ in range(_PRODUCTS)]
    shop = PaperShop(Catalogue(prices=prices), Switches(cap=_CAP))
    plan, seen, offset = _plan(), set[str](), 0
    with (folder / PARTIAL_ROWS).open("wb") as rows, (folder / JOURNAL).open("wb") as journal:
        while (asked := next(plan.wanted, None)) is not None:
            record = shop.answer(asked)
            new = [asin for asin in record.asins if asin not in seen]
            seen.update(new)
            offset += rows.write(b"".join(row(_product(asin)) for asin in new))
            record = replace(record, new=len(new), offset=offset)
            journal.write(record.to_json())
            plan.add(record)
    (folder / JOB).write_text(json.dumps({"category_url": LISTING}))
    if len(seen) != _PRODUCTS:
        raise SystemExit(f"the plan found {len(seen):,} of {_PRODUCTS:,} products")
    return shop.requests / math.ceil(_PRODUCTS / Switches().page_size)


def _product(asin: str) -> Product:
    """A row as long as those of real pages are."""
    title = f"A product with a title of the length that titles have on the real site, {asin}"
    return Product(asin, title, "$12.99", 1299, currency="AUD", rating=4.5, review_count=1234)


def _resumed(folder: Path) -> float:
    start = time.process_time()
    run = Run.resume(folder)
    _plan(run)
    run.close()
    return time.process_time() - start


def _plan(run: Run | None = None) -> Plan:
    job = CategoryJob.from_arguments({"category_url": LISTING})
    return Plan(job, run.finished_pages() if run else (), Limits(audit_pages=0))
