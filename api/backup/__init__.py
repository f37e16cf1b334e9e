"""Backup and restore: one archive of a home, written while everything runs.

* :mod:`.manifest`: what an archive says of itself
* :mod:`.chosen`: which files go into it
* :mod:`.writer`: writes it
* :mod:`.reader`: reads it, and checks every byte
* :mod:`.restore`: puts it into an empty home
* :mod:`.staging`: where a restore gathers the files until all are there
"""
