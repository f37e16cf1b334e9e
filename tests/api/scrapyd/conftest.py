"""The engine of a cluster, for the API."""

from tests.cluster.conftest import engine, nodes, one_valkey, queue, valkey

__all__ = ["engine", "nodes", "one_valkey", "queue", "valkey"]
