"""A secret in a file that only its owner can read, created when first needed."""

import os
import secrets
import threading
from pathlib import Path


def secret_in(path: Path) -> str:
    """The file's secret. Concurrent processes and threads all get the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    if not path.exists():
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        try:
            # Unlike a rename, a link never replaces a file that another process made first.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text().strip()
