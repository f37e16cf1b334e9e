"""What the services need before they start: right settings, folders to write, free ports."""

import importlib
import socket
import tempfile
import time
from collections.abc import Sequence

from api.config import Settings, api_address, api_port
from api.serving.cannot_serve import CannotServe
from api.serving.only_service import was_killed
from api.serving.part import Program
from api.serving.programs import PATIENCE
from category_crawler.daemon.address import scrapyd_address, scrapyd_port
from category_crawler.daemon.capacity import poll_interval, slots_per_core
from category_crawler.files.home import cookies_folder, results_folder, var_folder

_FOLDERS = (cookies_folder, results_folder, var_folder)
_DOORS = {
    Program.API: (api_address, "API_PORT", api_port),
    Program.SCRAPYD: (scrapyd_address, "SCRAPYD_PORT", scrapyd_port),
}
"""Where programs listen: the address, the variable of the port, and the port."""


def check_settings() -> None:
    """Check the API's settings, and what Scrapyd and its spiders would refuse later.

    Raises InvalidSetting; wrong settings of Scrapy end the process with a sentence.
    """
    Settings.load()
    # It checks settings.toml while it is imported, and exits where that is wrong.
    importlib.import_module("category_crawler.settings")
    slots_per_core()
    poll_interval()


def check_folders() -> None:
    """Make the home's folders, and write into each. Raises CannotServe."""
    try:
        for folder in _FOLDERS:
            folder().mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder()):
                pass
    except OSError as error:
        raise CannotServe(
            f"the folder {error.filename} cannot be written ({error.strerror}): "
            "name another home with CATEGORY_CRAWLER_HOME"
        ) from None


def check_ports(programs: Sequence[Program]) -> None:
    """Check that the programs can listen. Raises CannotServe or InvalidSetting."""
    needed = [_DOORS[program] for program in programs if program in _DOORS]
    ports = {variable: port() for _, variable, port in needed}
    if len(set(ports.values())) < len(ports):
        raise CannotServe(f"{' and '.join(ports)} are the same: name two ports")
    for address, variable, port in needed:
        _check_port(address(), port(), variable)


def _check_port(address: str, port: int, variable: str) -> None:
    error = _why_taken(address, port)
    if error and was_killed():
        error = _why_still_taken(address, port)
    if error:
        raise CannotServe(f"port {port} cannot be opened ({error}): name another with {variable}")


def _why_taken(host: str, port: int) -> str:
    """Why a port cannot be opened; empty if it can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return str(error.strerror)
    return ""


def _why_still_taken(host: str, port: int) -> str:
    """The same, after waiting for the programs of a killed service to stop."""
    print(
        f"The last service was killed; waiting for its programs to free port {port} …", flush=True
    )
    deadline = time.monotonic() + 1.5 * PATIENCE
    while (error := _why_taken(host, port)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return error
