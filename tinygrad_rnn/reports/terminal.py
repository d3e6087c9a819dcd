"""What the demo shows on a terminal: progress on standard error, results on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from tinygrad_rnn.reports.results import Results
from tinygrad_rnn.reports.sunspot_network import Watch
from tinygrad_rnn.reports.wording import PERIODS, check_rows, linear_row, network_row

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def show_progress() -> Iterator[Watch]:
    """Long work's progress: a bar on a terminal, elsewhere a line for each thing begun."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = _console(sys.stderr)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("unrolling", total=None)
        now = None

        def watch(what: str, done: int, of: int) -> None:
            nonlocal now
            if what != now and not console.is_terminal:
                console.print(what, highlight=False)
            now = what
            progress.update(bar, description=what, completed=done, total=of)

        yield watch


def print_results(results: Results) -> None:
    """The gradient check and the table of errors."""
    from rich import box
    from rich.table import Table

    console = _console(sys.stdout)
    console.print(f"Generic backprop on {results.steps} unrolled time steps ({results.nodes:,} nodes) differs from")
    check = Table(box=None, show_header=False, pad_edge=True)
    for row in check_rows(results):
        check.add_row(*row)
    console.print(check, "")
    errors = Table(
        title=f"Mean squared error / {results.unit:.1f}, one year ahead", title_justify="left", box=box.SIMPLE_HEAD
    )
    errors.add_column("")
    for period in PERIODS:
        errors.add_column(str(period), justify="right")
    errors.add_row(*linear_row(results))
    errors.add_row(*network_row(results))
    console.print(errors)


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    return Console(file=stream, force_terminal=None if stream.isatty() else False, highlight=False)
