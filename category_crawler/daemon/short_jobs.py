"""Short jobs, for which somebody waits: they have a slot of their own beside the others.

So a preview or a new delivery session need not wait until one of the crawls ends that hold all
other slots.
"""

SHORT_SPIDERS = ("preview", "delivery", "delivery_check")
