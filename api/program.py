"""The program ``category-crawler``: serves, crawls, and has the operator's commands of Flask."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import ScriptInfo

from api import create_app
from api.backup.staging import RestoreGoesOn
from api.commands.cli import OPERATORS
from api.commands.nodes import nodes
from api.serving.cannot_serve import CannotServe
from api.serving.part import Part
from api.serving.service import serve as serve_part
from api.serving.wellness import why_not_well
from category_crawler import __version__
from category_crawler.delivery import browser
from category_crawler.delivery.__main__ import main as import_cookies
from category_crawler.pages.__main__ import main as read_pages
from category_crawler.scrapy_project import run_scrapy
from category_crawler.typed_command import NAME

_PARTS = click.Choice([part.value for part in Part if part is not Part.ALL])
_AS_TYPED = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""For a command that hands its words on to a program with options of its own."""


@click.group(NAME)
@click.version_option(__version__, prog_name=NAME)
def program() -> None:
    """Crawl categories of products, and serve an API and pages for that.

    Files are in CATEGORY_CRAWLER_HOME, else in ~/.local/share/category-crawler.
    """


def main() -> None:
    """Run the program with the words of the command line."""
    info = ScriptInfo(create_app=create_app, set_debug_flag=False, load_dotenv_defaults=False)
    program.main(prog_name=NAME, obj=info)


@program.command()
@click.argument("part", type=_PARTS, required=False)
def serve(part: str | None) -> None:
    """Run Scrapyd, the API and the watcher until Ctrl-C.

    "serve node" runs Scrapyd alone, a node of a cluster; "serve api" runs the API and the watcher
    of one.
    """
    try:
        code = serve_part(Part(part or "all"))
    except (CannotServe, RestoreGoesOn, ValueError) as error:
        print(f"Cannot serve: {error}", file=sys.stderr)
        code = 1
    sys.exit(code)


@program.command()
@click.argument("part", type=_PARTS, required=False)
def health(part: str | None) -> None:
    """Say whether the service that runs is well, or a node; else the exit code is 1."""
    try:
        fault = why_not_well(Part(part or "all"))
    except ValueError as error:
        fault = str(error)
    print(fault or "ok")
    sys.exit(1 if fault else 0)


@program.command()
@click.argument("url", required=False)
@click.option("--postcode", help="Where to deliver, such as 4500.")
@click.option("-o", "output", metavar="FILE", help="Append the products to a .jsonl or .csv file.")
@click.option("-O", "new_output", metavar="FILE", help="The same, to a file made anew.")
@click.option("-a", "arguments", metavar="NAME=VALUE", multiple=True, help="Another argument.")
@click.option("-s", "settings", metavar="NAME=VALUE", multiple=True, help="A setting of Scrapy's.")
def crawl(url: str | None, postcode: str | None, **given: Any) -> None:
    """Crawl a category without the service.

    URL is such as https://www.amazon.com.au/s?rh=n%3A4851693051. It is "scrapy crawl category": -a
    takes the same arguments. Exit code 0: the crawl is whole; 1: it ended early; 2: it could not
    start.
    """
    named = {"category_url": url, "postcode": postcode}
    arguments = [f"{name}={value}" for name, value in named.items() if value is not None]
    words = {
        "-a": (*arguments, *given["arguments"]),
        "-s": given["settings"],
        "-o": filter(None, [given["output"]]),
        "-O": filter(None, [given["new_output"]]),
    }
    passed = [word for flag, values in words.items() for one in values for word in (flag, one)]
    run_scrapy(["crawl", "category", *passed])


@program.command(add_help_option=False, context_settings=_AS_TYPED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def scrapy(words: tuple[str, ...]) -> None:
    """Run any command of Scrapy's, such as "crawl delivery"."""
    run_scrapy(words)


@program.command(add_help_option=False, context_settings=_AS_TYPED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def sessions(words: tuple[str, ...]) -> None:
    """Import a delivery session from a browser's cookies."""
    sys.exit(import_cookies(words))


@program.command(add_help_option=False, context_settings=_AS_TYPED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def pages(words: tuple[str, ...]) -> None:
    """Print what is read from saved pages."""
    sys.exit(read_pages(words))


@program.command("browser")
def install_browser() -> None:
    """Install a browser for delivery sessions if there is none."""
    script = Path(browser.__file__).with_name("install_browser.sh")
    sys.exit(subprocess.run(["/bin/sh", str(script), sys.executable], check=False).returncode)


for one in OPERATORS:
    program.add_command(one, "cluster" if one is nodes else None)
