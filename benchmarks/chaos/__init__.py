"""Whether anything is lost: the services killed, runs cancelled, the shop in trouble, at random.

``make chaos`` runs every trial over a home of its own, with a real Scrapyd, API and watcher and
the stand-in shop; ``docs/chaos.md`` says what each one does.
"""
