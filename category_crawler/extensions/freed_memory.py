"""What one page has freed stays with the process, for the next page to be read in.

A page of 1.5 MB becomes a tree of about ten. The C library gives so much back to the system when
the tree goes, and gets it again for the next, zeroed, 4 KB at each first touch: up to half of the
time that parsing takes.
"""

import ctypes

from scrapy.exceptions import NotConfigured

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_ names of glibc's malloc.h
_KEPT = 256 << 20  # bytes; a process that never needed as much never holds as much
_MAPPED_ALONE = 32 << 20  # bytes from which on a block is a mapping of its own; glibc's largest


class KeepFreedMemory:
    """An extension that tells glibc's ``malloc``; another C library is left as it is."""

    def __init__(self) -> None:
        try:
            tell = ctypes.CDLL(None).mallopt
        except AttributeError:
            raise NotConfigured from None
        tell(_TRIM_THRESHOLD, _KEPT)
        tell(_MMAP_THRESHOLD, _MAPPED_ALONE)
