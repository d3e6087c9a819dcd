"""The command line: parse, call, print.

Exit status 0 on success, 1 on failure, 2 on wrong usage, 130 after Ctrl-C; an error is one line on standard error.
Where nobody reads the output to its end, as before `head`, the command ends without a word, with status 141.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import tinygrad_rnn
from tinygrad_rnn.cli.drawing import add_draw
from tinygrad_rnn.cli.parsing import PROGRAM, Commands, Parser
from tinygrad_rnn.cli.training import add_evaluate, add_sample, add_train
from tinygrad_rnn.errors import SettingError, TinygradRNNError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, as `tinygrad-rnn` and `python -m tinygrad_rnn` do.

    Args:
        arguments: the words after the program's name; the process's own if not given.

    Returns:
        The exit status.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an output that lacks a character gets another one for it
    try:
        chosen = _parser().parse_args(arguments)
        chosen.run(chosen)
        sys.stdout.flush()
    except SettingError as error:
        return _complain(error, 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python would try to write the rest at its end
        return 141
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}", 1)
    except TinygradRNNError as error:
        return _complain(error, 1)
    except MemoryError:
        return _complain("not enough memory", 1)
    except KeyboardInterrupt as stop:
        return _complain(str(stop) or "interrupted", 130)
    return 0


def _complain(problem: object, status: int) -> int:
    print(f"{PROGRAM}: {problem}", file=sys.stderr)
    return status


# ---------------------------------------------------------------------- demo


def _add_demo(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="a network on the yearly sunspot numbers: draw, check, train, forecast, report",
        description="Unroll a recurrent network over the yearly sunspot numbers 1700–1920, draw it, check its gradient "
        "and train it; forecast 1921–1979 one year ahead; write report.html, unrolled.svg, results.json and "
        "weights.safetensors into a new folder. It takes about half a minute.",
        epilog=f"example: {PROGRAM} demo --output sunspots",
    )
    add = parser.add_argument
    add("--output", metavar="DIR", type=Path, default=Path("tinygrad-rnn-demo"), help="the new folder (%(default)s)")
    add("--force", action="store_true", help="replace the folder if an earlier demo wrote it")
    parser.set_defaults(run=_demo)


def _demo(chosen: argparse.Namespace) -> None:
    from tinygrad_rnn.extras import require_extra
    from tinygrad_rnn.reports.demo import run_demo
    from tinygrad_rnn.reports.terminal import print_results, show_progress

    require_extra("cli", "rich")
    with show_progress() as watch:
        results = run_demo(chosen.output, watch, replace=chosen.force)
    print_results(results)
    print(f"The report is {chosen.output / 'report.html'}")


# ---------------------------------------------------------------------- parsing


def _parser() -> Parser:
    parser = Parser(
        PROGRAM,
        description="Recurrent networks unrolled into explicit graphs: generic backprop through time, and drawings.",
        epilog=f"example: {PROGRAM} demo --output sunspots",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {tinygrad_rnn.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_demo(commands)
    add_train(commands)
    add_sample(commands)
    add_evaluate(commands)
    add_draw(commands)
    return parser
