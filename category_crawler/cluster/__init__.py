"""What machines share through an engine, a Valkey or Redis server: queue, claims, nodes, locks.

The engine is a cache. The API's SQLite holds the truth and only the API gives a job up; what the
engine loses, the nodes and the API bring back. Nothing here is used on a machine that works alone.
"""
