"""The stand-in shop: a small site of our own that behaves like the real one.

Clients reach it as ``https://www.<domain>/…`` through ``https_proxy``, and verify TLS with a
certificate authority made for it, so the project's code needs no special case. Its catalogue comes
from a seed, so the right answer to any query is known. Each quirk of the real site is a switch.
``python -m tests.storefront`` runs it alone.
"""

from tests.storefront.catalogue import NODE, Catalogue, Item
from tests.storefront.query import Query
from tests.storefront.storefront import Storefront
from tests.storefront.switches import Switches

__all__ = ["NODE", "Catalogue", "Item", "Query", "Storefront", "Switches"]
