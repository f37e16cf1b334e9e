"""Decides which page to request next, and divides a category that one listing cannot show. Pure.

Start with :mod:`.plan`.
"""
