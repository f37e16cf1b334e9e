"""A plain Flask application under the API's own server, which the API is measured beside.

``python -m benchmarks.plain_server FOLDER``: POST ``/bytes/NAME`` answers with the bytes of a file
of the folder, held in memory; POST ``/file/NAME`` sends the file. Neither reads the request.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from flask import Flask, Response, send_file

from api.cores import share_one_core
from api.rest.server import http_server
from category_crawler.files.home import PROJECT


def plain_app(folder: Path) -> Flask:
    """The application."""
    app = Flask(__name__)
    read = cache(lambda name: (folder / name).read_bytes())

    @app.post("/bytes/<name>")
    def _bytes(name: str) -> Response:
        return Response(read(name), mimetype="application/json")

    @app.post("/file/<name>")
    def _file(name: str) -> Response:
        return send_file(folder / name, mimetype="application/json")

    return app


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """One over the files of a folder, in a process of its own; its URL."""
    command = [sys.executable, "-m", "benchmarks.plain_server", str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _serve(folder: Path) -> None:
    share_one_core()
    server = http_server(plain_app(folder), 0)
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
