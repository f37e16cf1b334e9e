"""Why the service cannot start."""


class CannotServe(Exception):
    """Raised if the services cannot start; its text says why and what to do."""
