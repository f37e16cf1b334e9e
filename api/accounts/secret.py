"""Keys and tokens: made at random, stored as hashes only."""

import secrets
from hashlib import sha256

_BYTES = 32


def new_secret() -> str:
    """A key or token of 256 random bits: no dictionary helps, so a fast hash is enough."""
    return secrets.token_urlsafe(_BYTES)


def hash_of(secret: str) -> str:
    """What is stored in a key's or token's place."""
    return sha256(secret.encode()).hexdigest()
