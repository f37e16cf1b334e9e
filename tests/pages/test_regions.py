"""Pages cut in regions: they are read as the whole page is, or not cut at all."""

import random
import re

import pytest

from benchmarks.samples import Sample, real_listings, shop_listings
from category_crawler.pages import Page, read_page
from category_crawler.pages.regions import Regions

SHOP = shop_listings(page_bytes=30_000)
TAG = re.compile(rb"<[^>]*>")
DISTURBANCES = (
    *(b"<!--", b"-->", b"<script>", b"</script>", b"<table><tr><td>", b"<template>", b"<select>"),
    *(b"<a href='/'>", b"<b>", b"<p>", b"</div>", b"</div></div></div>", b"<div>", b"<textarea>"),
    *(b"<svg>", b'<div title="', b'<div data-component-type="s-search-result">'),
    *(b'<div id="s-refinements">', b'<span class="s-pagination-strip">', b"<h2 id='a"),
)


def read_whole(body: bytes, sample: Sample) -> Page:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Regions, "cut", lambda _: None)
        return read_page(body, sample.shop)


@pytest.mark.parametrize("sample", [*real_listings(), *SHOP], ids=lambda sample: sample.name)
def test_both_ways_read_the_same(sample: Sample) -> None:
    assert read_page(sample.body, sample.shop) == read_whole(sample.body, sample)


@pytest.mark.parametrize("sample", SHOP, ids=lambda sample: sample.name)
def test_the_shops_pages_are_cut(sample: Sample) -> None:
    regions = Regions.cut(sample.body)
    assert regions is not None
    assert len(regions.cards) == len(read_page(sample.body, sample.shop).products)


@pytest.mark.parametrize("seed", range(150))
def test_both_ways_read_the_same_of_damaged_pages(seed: int) -> None:
    dice = random.Random(seed)
    sample = dice.choice(SHOP)
    body = damaged(sample.body, dice)
    assert read_page(body, sample.shop) == read_whole(body, sample)


def damaged(body: bytes, dice: random.Random) -> bytes:
    """A page with a tag left out, doubled, replaced or cut off, or with something put before it."""
    tag = dice.choice(list(TAG.finditer(body)))
    wild = dice.choice(DISTURBANCES)
    before, own, behind = body[: tag.start()], tag.group(), body[tag.end() :]
    return before + dice.choice((b"", own * 2, wild, wild + own, own[:-1])) + behind


@pytest.mark.parametrize("place", [0, 5, -1])
def test_no_card_is_lost_that_is_written_in_another_way(place: int) -> None:
    sample = SHOP[0]
    mark = b'data-component-type="s-search-result"'
    at = [match.start() for match in re.finditer(mark, sample.body)][place]
    other = sample.body[:at] + mark.replace(b'"', b"'") + sample.body[at + len(mark) :]
    assert Regions.cut(other) is None
    assert read_page(other, sample.shop) == read_page(sample.body, sample.shop)


@pytest.mark.parametrize("place", [0, 5])
def test_cards_that_hold_one_another_are_not_cut(place: int) -> None:
    first, *others = re.split(rb'(?=<div role="listitem")', SHOP[0].body)
    others[place] = others[place].replace(b"</div>", b"")
    assert Regions.cut(first + b"".join(others)) is None


@pytest.mark.parametrize("doctype", [b"", b"<!-- -->"])
def test_a_page_without_its_first_line_is_not_cut(doctype: bytes) -> None:
    assert Regions.cut(SHOP[0].body.replace(b"<!doctype html>", doctype)) is None
