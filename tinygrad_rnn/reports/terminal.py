"""What the demo and training runs show on a terminal: progress on standard error, results on standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from tinygrad_rnn.reports.results import Results
from tinygrad_rnn.reports.sunspot_network import Watch
from tinygrad_rnn.reports.wording import PERIODS, check_rows, linear_row, network_row
from tinygrad_rnn.training.runs import Run, Update

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


@contextmanager
def show_training(run: Run) -> Iterator[Callable[[Update], None]]:
    """A run's progress: a bar with loss, norm, speed and time left on a terminal, elsewhere a line for each epoch."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = _console(sys.stderr)
    item = "characters" if run.source.alphabet else "numbers"
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("training", total=run.updates_at_most, completed=run.updates_done, told="")
        started, first = progress.get_time(), run.updates_done

        def watch(update: Update) -> None:
            speed = (update.number - first) * run.items_per_update / max(progress.get_time() - started, 1e-9)
            told = f"loss {update.loss:.4f}  norm {update.norm:.3g}  {speed:,.0f} {item}/s"
            description = f"epoch {update.epoch} of {run.settings.epochs}"
            progress.update(bar, completed=update.number, description=description, told=told)
            if update.validation is not None:
                console.print(f"{description}: {told}, validation loss {update.validation:.4f}", soft_wrap=True)

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
