"""What to request next: a category divided into listings that the site serves whole. Pure.

Start with :mod:`.plan`.
"""
