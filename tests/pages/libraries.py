"""The libraries that pages are usually read with: how each parses, queries and gives text."""

from functools import cache
from typing import Any, Protocol

import lxml.html
from bs4 import BeautifulSoup
from cssselect import HTMLTranslator
from lxml import etree
from parsel import Selector

Node = Any
"""A library's own kind of node."""


class Library(Protocol):
    """What a reader needs of a library."""

    def parse(self, body: bytes) -> Node: ...

    def all(self, node: Node, query: str) -> list[Node]:
        """The nodes below another that a CSS query finds, in page order."""

    def words(self, node: Node, separator: str = "") -> str: ...

    def attribute(self, node: Node, name: str) -> str | None: ...


class Parsel:
    """What Scrapy's ``response.css`` is."""

    def parse(self, body: bytes) -> Node:
        return Selector(body=body, encoding="utf-8")

    def all(self, node: Node, query: str) -> list[Node]:
        return list(node.css(query))

    def words(self, node: Node, separator: str = "") -> str:
        return separator.join(node.xpath(".//text()").getall())

    def attribute(self, node: Node, name: str) -> str | None:
        value: str | None = node.attrib.get(name)
        return value


class Lxml:
    """lxml with every XPath compiled once."""

    def parse(self, body: bytes) -> Node:
        return lxml.html.document_fromstring(body, parser=lxml.html.HTMLParser(encoding="utf-8"))

    def all(self, node: Node, query: str) -> list[Node]:
        return list(_compiled(query)(node))

    def words(self, node: Node, separator: str = "") -> str:
        return separator.join(node.itertext())

    def attribute(self, node: Node, name: str) -> str | None:
        value: str | None = node.get(name)
        return value


class Soup:
    """BeautifulSoup over lxml, its fastest parser."""

    def parse(self, body: bytes) -> Node:
        return BeautifulSoup(body, "lxml", from_encoding="utf-8")

    def all(self, node: Node, query: str) -> list[Node]:
        return list(node.select(query))

    def words(self, node: Node, separator: str = "") -> str:
        return str(node.get_text(separator))

    def attribute(self, node: Node, name: str) -> str | None:
        value = node.get(name)
        return " ".join(value) if isinstance(value, list) else value


@cache
def _compiled(query: str) -> etree.XPath:
    return etree.XPath(HTMLTranslator().css_to_xpath(query))
