"""Delivery sessions: cookies that make the shop deliver to one postcode.

See :class:`.session.DeliverySession`. ``python -m category_crawler.delivery import`` imports
cookies that a browser has exported.
"""
