"""Runs the shop alone and prints the settings that send a crawler or browser to it."""

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from tests.storefront import Catalogue, Storefront, Switches
from tests.storefront.switches import meanings


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; returns the exit code."""
    options = _parser().parse_args(arguments)
    given = {field.name: getattr(options, field.name) for field in fields(Switches)}
    shop = Storefront(Catalogue(options.size, options.seed), Switches(**given), port=options.port)
    try:
        with shop.serve():
            _introduce(shop, options)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except (OSError, ValueError) as error:
        print(f"The shop cannot open: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.storefront", description=__doc__)
    parser.add_argument("--port", type=_port, default=0, help="of the proxy; default: a free one")
    parser.add_argument("--size", type=int, default=120, help="products in the example node")
    parser.add_argument("--seed", type=int, default=1, help="another one makes other products")
    parser.add_argument("--session", metavar="DOMAIN:POSTCODE", help="make a session, into …")
    parser.add_argument("--session-file", type=Path, metavar="FILE", help="… this file")
    switches = parser.add_argument_group("switches")
    told = meanings()
    for field in fields(Switches):
        name = f"--{field.name.replace('_', '-')}"
        says = f"{told[field.name]} Default: {field.default!r}."
        if isinstance(field.default, bool):
            switches.add_argument(
                name, action=argparse.BooleanOptionalAction, default=field.default, help=says
            )
        else:
            switches.add_argument(
                name,
                type=type(field.default),
                default=field.default,
                metavar=type(field.default).__name__.upper(),
                help=says,
            )
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: it must be 0 to 65535")
    return int(text)


def _introduce(shop: Storefront, options: argparse.Namespace) -> None:
    print("# The shop is open. In another terminal:")
    for name, value in shop.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    if options.session and options.session_file:
        domain, _, postcode = options.session.partition(":")
        state = json.dumps(shop.session(domain, postcode))
        descriptor = os.open(options.session_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(state)
        print(f"# A session that delivers to {postcode} lies in {options.session_file}.")
    print("# Ctrl-C closes it.", flush=True)


if __name__ == "__main__":
    # Threads inherit the mask, so only the main thread gets the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    sys.exit(main())
