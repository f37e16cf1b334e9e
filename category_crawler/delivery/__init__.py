"""Delivery sessions: cookies that make the shop deliver to one postcode.

:class:`.session.DeliverySession` is one; ``python -m category_crawler.delivery import`` brings in
what a browser has exported.
"""
