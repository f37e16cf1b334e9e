"""A runner's life: how it starts, what became of it, how it is cancelled.

Start with :class:`.lifecycle.Jobs`.
"""
