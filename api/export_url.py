"""The setting ``export_url``: where copies of results go."""

from importlib.util import find_spec
from urllib.parse import urlsplit

FOLDER = "file"
_PACKAGES = {
    "s3": ("s3fs", "install category-crawler[export-s3]"),
    "gs": ("gcsfs", "install category-crawler[export-gs]"),
}
"""The package that reaches an object store, and how to get it."""
_EXAMPLES = "s3://bucket/folder, gs://bucket/folder or file:///folder"


def fault_in_export_url(url: str) -> str:
    """Why nothing can be exported there; empty if something can. It repeats no secret."""
    parts = urlsplit(url)
    if parts.scheme not in (FOLDER, *_PACKAGES):
        return f"it must begin with {', '.join(f'{one}://' for one in _PACKAGES)} or {FOLDER}:///"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return (
            "it must name a place alone: credentials and options come from the environment, "
            "see docs/configuration.md"
        )
    is_folder = parts.scheme == FOLDER
    if bool(parts.netloc) == is_folder or (is_folder and not parts.path.strip("/")):
        return f"it must be such as {_EXAMPLES}"
    package, remedy = _PACKAGES.get(parts.scheme, ("", ""))
    if package and find_spec(package) is None:
        return f"{parts.scheme}:// needs a package that is not installed: {remedy}"
    return ""
