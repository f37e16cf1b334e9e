"""What the service tells Prometheus of itself.

:mod:`.service` reads what the store, the queue, the nodes, the pace, the watcher and the disk know;
:mod:`.process` is what this process of the API counts. docs/monitoring.md lists it all.
"""
