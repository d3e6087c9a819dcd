"""The commands about training runs: train, sample, evaluate."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import fields, replace
from pathlib import Path

from tinygrad_rnn.cli.parsing import PROGRAM, Commands, count
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.training.run_settings import FOR_SERIES, NAMES, RunSettings, find_source, is_series

HELP = {
    "cell": "the kind of recurrent layer",
    "hidden": "units of a layer",
    "layers": "how many layers",
    "dropout": "between layers and before the output",
    "dtype": "of the parameters",
    "optimiser": "the rule that changes the parameters",
    "learning_rate": "the optimiser's learning rate",
    "weight_decay": "the optimiser's weight decay",
    "schedule": "how the learning rate goes on",
    "warm_up": "updates at first with a rising learning rate",
    "clip": "the gradient's greatest norm",
    "epochs": "at most",
    "window": "steps that a loss goes back through",
    "batch": "parallel streams",
    "accumulate": "windows that make one update",
    "validation": "share of the data, at its end, that is not learnt from",
    "patience": "epochs without a lower validation loss that end the training",
    "checkpoint_every": "updates between checkpoints",
    "seed": "of the initial values and the dropout",
}
KINDS = {"int": int, "float": float, "str": str}


def add_train(commands: Commands) -> None:
    """`train`."""
    parser = commands.add_parser(
        "train",
        help="a recurrent network on a text, character by character, or on a series of numbers",
        description="Train a recurrent network to predict the next character of a text, or the next number of a "
        "column of a CSV file (one step ahead). It can be left at any moment, with Ctrl-C or otherwise, "
        "and gone on with from the last checkpoint by --resume.",
        epilog=f"example: {PROGRAM} train novel.txt --cell lstm --hidden 128 --output run",
    )
    add = parser.add_argument
    add("file", metavar="FILE", nargs="?", help='a text in UTF-8, a .csv file with a header, or "sunspots"')
    add("--column", metavar="NAME", help="of a CSV file: name, or number from 1 (the last)")
    add("--output", metavar="DIR", type=Path, help="the new run's folder")
    add("--resume", metavar="DIR", type=Path, help="go on with the run in this folder")
    for field in fields(RunSettings):
        text, series = (getattr(settings, field.name) for settings in (RunSettings(), FOR_SERIES))
        default = f"{text}" if text == series else f"{text}; for a series {series}"
        add(
            f"--{field.name.replace('_', '-')}",
            metavar=None if field.name in NAMES else "N" if field.type == "int" else "X",
            type=KINDS[str(field.type)],
            choices=NAMES.get(field.name),
            help=f"{HELP[field.name]} ({default})",
        )
    parser.set_defaults(run=_train)


def _train(chosen: argparse.Namespace) -> None:
    from tinygrad_rnn.extras import require_extra
    from tinygrad_rnn.reports.training import report_run, run_training
    from tinygrad_rnn.training.runs import Run

    given = {field.name: getattr(chosen, field.name) for field in fields(RunSettings)}
    given = {name: value for name, value in given.items() if value is not None}
    require_extra("cli", "rich", "matplotlib", "safetensors")
    if chosen.resume is not None:
        others = [name for name in ("file", "column", "output") if getattr(chosen, name) is not None]
        if others or given:
            named = ", ".join([*others, *given]).replace("_", "-")
            raise SettingError(f"--resume goes on with the run's own settings, and takes no {named} beside it")
        run = Run.resume(chosen.resume)
    else:
        if chosen.file is None or chosen.output is None:
            raise SettingError("train takes a FILE and --output DIR, or --resume DIR")
        path = Path(chosen.file)
        settings = replace(FOR_SERIES if is_series(path, chosen.column) else RunSettings(), **given)
        run = Run.start(chosen.output, settings, find_source(path, chosen.column, settings.validation))
    run_training(run)
    print(report_run(run))


def add_sample(commands: Commands) -> None:
    """`sample`."""
    parser = commands.add_parser(
        "sample",
        help="text that a trained network makes up",
        description="Let the best network of a run on a text make up more of it.",
        epilog=f"example: {PROGRAM} sample run --length 300 --temperature 0.8 --prompt ROMEO:",
    )
    add = parser.add_argument
    add("folder", metavar="DIR", type=Path, help="the run's folder")
    add("--length", metavar="N", type=count, default=500, help="characters (%(default)s)")
    add("--temperature", metavar="X", type=_temperature, default=1.0, help="0 for the likeliest ones (%(default)s)")
    add("--prompt", metavar="TEXT", help="what the network reads first, and goes on from (a line end, or a space)")
    add("--seed", metavar="N", type=_seed, default=0, help="of the draws (%(default)s)")
    parser.set_defaults(run=_sample)


def _sample(chosen: argparse.Namespace) -> None:
    from tinygrad_rnn.extras import require_extra
    from tinygrad_rnn.reports.training import sample_text

    require_extra("cli", "safetensors")
    for character in sample_text(chosen.folder, chosen.prompt, chosen.length, chosen.temperature, chosen.seed):
        sys.stdout.write(character)
    sys.stdout.write("\n")


def add_evaluate(commands: Commands) -> None:
    """`evaluate`."""
    parser = commands.add_parser(
        "evaluate",
        help="how well a trained network predicts a file",
        description="Let the best network of a run read a file from beginning to end as one stream, and say how well "
        "it predicts: nats and bits per character, or the mean squared error; of the sunspot numbers for the years "
        "trained on, and for two spans of later ones.",
        epilog=f"example: {PROGRAM} evaluate run novel.txt",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the run's folder")
    parser.add_argument("file", metavar="FILE", type=Path, help='a text, a .csv file, or "sunspots", as the run had')
    parser.set_defaults(run=_evaluate)


def _evaluate(chosen: argparse.Namespace) -> None:
    from tinygrad_rnn.extras import require_extra
    from tinygrad_rnn.reports.training import evaluate_file

    require_extra("cli", "safetensors")
    print(evaluate_file(chosen.folder, chosen.file))


def _temperature(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"a number from 0 to 1000 is expected, not {text!r}")
    return number


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"a whole number from 0 is expected, not {text!r}")
    return int(text)
