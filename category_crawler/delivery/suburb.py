"""Names of suburbs, which people write in capitals or not."""


def is_same_suburb(one: str, other: str) -> bool:
    """Whether two names are of the same suburb."""
    return one.strip().casefold() == other.strip().casefold()
