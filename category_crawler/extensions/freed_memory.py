"""Reuses the memory freed by one page for the next page.

A page of 1.5 MB becomes a tree of about 10 MB. By default the C library returns that memory to the
system after each page and requests it again for the next. Page faults (4 KB each, zeroed) then
take up to half of the parsing time.
"""

import ctypes

from scrapy.exceptions import NotConfigured

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_ names of glibc's malloc.h
_KEPT = 256 << 20  # bytes; an upper limit: a process keeps only what it has used before
_MMAP_FROM = 32 << 20  # bytes; larger blocks get their own mapping; glibc allows no more


class ReuseFreedMemory:
    """An extension that configures glibc's ``malloc``; off with any other C library."""

    def __init__(self) -> None:
        try:
            mallopt = ctypes.CDLL(None).mallopt
        except AttributeError:
            raise NotConfigured from None
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_MMAP_THRESHOLD, _MMAP_FROM)
