"""Tables on the terminal: aligned, with a heading, without lines."""

from collections.abc import Iterable, Sequence

import click

from api.sentences import one_line


def echo_table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below their heading; an empty cell is a dash, so that columns can be counted."""
    names = tuple(name.upper().replace(" ", "-") for name in heading)
    shown = [names, *(tuple(one_line(str(cell)) or "-" for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())
