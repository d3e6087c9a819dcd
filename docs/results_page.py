"""Write docs/results.md and its pictures from the numbers in docs/results.json.

    python docs/results_page.py

The numbers are measured by docs/results.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from tinygrad_rnn.drawing.plots import plot_style
from tinygrad_rnn.drawing.theme import THEMES
from tinygrad_rnn.training import memoryless_nats

Numbers = Mapping[str, Any]
Results = Mapping[str, Sequence[Numbers]]
NAMES = {
    "ar12": "linear autoregression of order 12", "elman": "the demo's Elman network", "rnn": "RNN (tanh)",
    "irnn": "IRNN", "lstm": "LSTM", "gru": "GRU",
}  # fmt: skip
GRAMS = ("uniform guess", "unigram", "bigram", "trigram")
DASHES = {"irnn": (0, (4, 3))}
COLOURS = {"rnn": "#888888", "irnn": "#c77700", "lstm": "#0b62a4", "gru": "#2c8a3a"}


class Task(NamedTuple):
    """How a made-up task is shown: the loss without memory by length, that in words, the loss, and its axis."""

    memoryless: Callable[[int], float]
    formula: str
    loss: str
    axis: Mapping[str, Any]


TASKS = {
    "adding": Task(lambda steps: 1 / 6, "1/6", "mean squared error", {"yscale": "log"}),
    "copy": Task(memoryless_nats, "10 ln 8 / ($T$ + 20)", "cross-entropy, nats", {"ylim": (0, 0.8)}),
}


# ---------------------------------------------------------------------- cells of tables


def spread(seeds: Sequence[Numbers], name: str, digits: int = 3) -> str:
    """A number's mean and, of several seeds, the standard deviation of the sample."""
    values = [numbers[name] for numbers in seeds]
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{deviation}"


def duration(seeds: Sequence[Numbers]) -> str:
    """The mean processor time of a seed in words; empty if none was taken."""
    times = [numbers["seconds"] for numbers in seeds if "seconds" in numbers]
    if not times:
        return ""
    minutes, rest = divmod(round(mean(times)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first and the last are numbers."""
    rules = ["---", *["---:"] * (len(head) - 2), "---"]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rules, *rows))


def rows_of(results: Results, pattern: str) -> list[tuple[str, Sequence[Numbers], tuple[str, ...]]]:
    """The rows whose names match: name, each seed's numbers, and what the pattern's groups have matched."""
    matches = [(name, re.fullmatch(pattern, name)) for name in results]
    return [(name, results[name], match.groups()) for name, match in matches if match]


# ---------------------------------------------------------------------- tables


def sunspots_table(results: Results) -> str:
    """Errors by span of years."""
    rows = [
        [
            NAMES[kind],
            *[spread(seeds, span) for span in ("train", "1921_1955", "1956_1979")],
            str(len(seeds)),
            duration(seeds),
            f"`{name}`",
        ]
        for name, seeds, (kind,) in rows_of(results, r"sunspots-(\w+)")
    ]
    quoted = [
        ["threshold autoregression, Tong and Lim 1980", "0.097", "0.097", "0.28", "", "", "quoted from memory"],
        ["Weigend, Huberman and Rumelhart 1990", "0.082", "0.086", "0.35", "", "", "quoted from memory"],
    ]
    head = ["forecast", "1712–1920, learnt from", "1921–1955", "1956–1979", "seeds", "time", "ROW"]
    return table(head, [*rows, *quoted])


def task_table(results: Results, task: str) -> str:
    """Losses by length and network, each length's below the answer without memory."""
    rows = []
    length = ""
    for name, seeds, (steps, kind) in rows_of(results, rf"{task}-(\d+)-(\w+)"):
        if steps != length:
            length = steps
            memoryless = f"{TASKS[task].memoryless(int(steps)):.4f}"
            rows.append([f"T = {steps}: answer without memory", memoryless, "", "", "", ""])
        cells = [str(len(seeds)), f"{seeds[0]['updates']:,}", duration(seeds), f"`{name}`"]
        rows.append([f"T = {steps}: {NAMES[kind]}", spread(seeds, "loss", 4), *cells])
    return table(["", "loss on fresh sequences", "seeds", "updates", "time", "ROW"], rows)


def characters_table(results: Results) -> str:
    """Nats per character of n-grams and networks."""
    rows = []
    for name, (numbers,), _ in rows_of(results, "characters-ngrams"):
        for order in filter(str.isdigit, numbers):
            label = GRAMS[int(order)] if int(order) < len(GRAMS) else f"{order}-gram"
            rows.append([label, f"{numbers[order]:.3f}", "", "", duration([numbers]), f"`{name}`"])
    for name, seeds, (cell, _) in rows_of(results, r"characters-(rnn|lstm|gru)-(\d+)"):
        best = ", ".join(map(str, sorted({numbers["best_epoch"] for numbers in seeds})))
        epochs = f"{seeds[0]['epochs']}; best {best}"
        cells = [spread(seeds, "nats"), str(len(seeds)), epochs, duration(seeds), f"`{name}`"]
        rows.append([f"{NAMES[cell]}, 128 units", *cells])
    return table(["model", "nats per character", "seeds", "epochs", "time", "ROW"], rows)


def lowest_characters(results: Results) -> str:
    """The best n-gram and the best network in a sentence."""
    grams = [nats for numbers in results.get("characters-ngrams", ()) for key, nats in numbers.items() if key.isdigit()]
    networks = [mean(run["nats"] for run in seeds) for _, seeds, _ in rows_of(results, r"characters-\w+-\d+")]
    if not (grams and networks):
        return ""
    return f"The best n-gram has {min(grams):.3f} nats per character, the best network {min(networks):.3f}.\n\n"


def speed_table(results: Results) -> str:
    """Times of an update beside PyTorch's."""
    rows = [
        [NAMES[kind], f"{numbers['ours']:.1f}", f"{numbers['pytorch']:.1f}", f"{numbers['ratio']:.2f}",
         str(numbers["rounds"]), f"`{name}`"]
        for name, (numbers,), (kind,) in rows_of(results, r"speed-(\w+)")
    ]  # fmt: skip
    return table(["128 units", "ours, ms", "PyTorch, ms", "ours / PyTorch", "rounds", "ROW"], rows)


# ---------------------------------------------------------------------- the figure


def draw_learning(results: Results, task: str) -> Figure:
    """A task's learning curves by length: each network's mean over the seeds, its lowest and highest, and no memory."""
    rows = rows_of(results, rf"{task}-(\d+)-(\w+)")
    lengths = list(dict.fromkeys(steps for _, _, (steps, _) in rows))
    figure = Figure((9.2, 3.4), layout="constrained")
    panels = dict(zip(lengths, figure.subplots(1, max(len(lengths), 1), sharey=True, squeeze=False)[0], strict=False))
    for _, seeds, (steps, kind) in rows:
        curves = np.array([numbers["curve"] for numbers in seeds])
        updates = seeds[0]["updates"]
        points = updates / curves.shape[1] * (np.arange(curves.shape[1]) + 0.5)
        panels[steps].fill_between(points, curves.min(axis=0), curves.max(axis=0), color=COLOURS[kind], alpha=0.2, lw=0)
        look = {"color": COLOURS[kind], "ls": DASHES.get(kind, "-"), "label": NAMES[kind]}
        panels[steps].plot(points, curves.mean(axis=0), **look)
        panels[steps].set(xlabel="update", title=f"$T$ = {steps}", xlim=(0, updates), **TASKS[task].axis)
        panels[steps].locator_params(axis="x", nbins=3)
    for steps, axes in panels.items():
        label = f"without memory: {TASKS[task].formula}"
        axes.axhline(TASKS[task].memoryless(int(steps)), color="black", lw=0.6, label=label)
    if panels:
        panels[lengths[0]].set_ylabel(TASKS[task].loss)
        labels = panels[lengths[0]].get_legend_handles_labels()
        figure.legend(*labels, loc="outside upper center", ncols=len(COLOURS) + 1)
    return figure


# ---------------------------------------------------------------------- the page


def render(results: Results) -> str:
    """The page."""
    return PAGE.format(
        sunspots=sunspots_table(results),
        adding=task_table(results, "adding"),
        copy=task_table(results, "copy"),
        characters=characters_table(results),
        lowest=lowest_characters(results),
        speed=speed_table(results),
    )


def write_page(docs: Path) -> None:
    """Write results.md and its pictures beside results.json."""
    results = json.loads((docs / "results.json").read_text())
    (docs / "results.md").write_text(render(results), encoding="utf-8")
    with style.context(["default", {**plot_style(THEMES["light"]), "svg.fonttype": "none", "svg.hashsalt": "results"}]):
        for task in TASKS:
            draw_learning(results, task).savefig(docs / f"{task}.svg", metadata={"Date": None, "Creator": None})


PAGE = """\
# Results

What recurrent networks learn with this library, beside simple baselines. This page is written by `docs/results.py`
from the numbers in [results.json](results.json), every seed's own among them. The command

```sh
OPENBLAS_NUM_THREADS=1 python docs/results.py --text tinyshakespeare.txt ROW
```

measures the seeds that are missing of the ROW that a table's last column names, and without a ROW those of all rows;
with `--anew` it forgets first what is known of them. `--text` matters to the rows about characters alone; the rows
about speed take PyTorch (`pip install -e .[bench]`). Seeds are 0, 1, 2, …; ± is the standard deviation over them. A
row's time is the processor's for one seed, one thread: the mean over the seeds for which it was taken, and empty where
it was not. No setting was chosen on what is reported here, unless it is said.

## Sunspots, one year ahead

Yearly numbers; 1700–1920 are learnt from. Mean squared error in units of the variance of 1700–1979, as the
literature has it.

{sunspots}

The networks are trained in the demo's manner: 16 units, noise on the inputs, weight decay, and a number of epochs that
is found on 1886–1920 before all of 1700–1920 are learnt from. These settings were chosen with the Elman network on
1886–1920 (`docs/choose_settings.py`), and not again for the others. The RNN is the Elman network with PyTorch's initial
values and two biases.

## Adding problem

A sequence of T random numbers, two of them marked; after the last one their sum is wanted. The answer 1, which needs
no memory, has a mean squared error of 1/6.

{adding}

![Learning curves of the adding problem; the line at 1/6 is the answer without memory](adding.svg)

A point is the mean over a thirtieth of the updates. Lines are means over the seeds; shades go from the lowest seed to
the highest.

32 units, batches of 32 sequences drawn anew for every update, Adam, gradients clipped to the norm 1; the learning rate
is 0.01 for LSTM and GRU, and 0.001 for RNN and IRNN. Rates were tried with T = 50, 1,000 updates and another seed:
0.003 and 0.01 for all, 0.001 and 0.0003 also for RNN and IRNN, which left 1/6 at none of them. The IRNNs that solve the
task in Le et al. 2015 have 100 units and many more updates; ours start as theirs do. The LSTM starts with a forget bias
of 1. The loss is that of 1,000 sequences that were not learnt from, on which the answer 1 scores 1/6 ± 0.006.

## Copy memory

Ten of eight symbols, T blanks, and then the ten symbols again. The loss is the cross-entropy in nats, the mean of all
T + 20 steps; without memory it is 10 ln 8 / (T + 20).

{copy}

![Learning curves of copy memory; the line is the answer without memory](copy.svg)

Networks and training are those of the adding problem, rates included; nothing was chosen by results on this task. All
networks and both lengths have four times its updates, with which five seeds of the slowest row take less than ten
minutes of processor time. The networks in the literature have had more units and many more updates.

## Characters

Tiny Shakespeare, 1,115,394 characters, 65 different ones: the first nine tenths are learnt from, and the last tenth is
predicted. The n-grams are interpolated after Witten and Bell. The networks are made by

```sh
tinygrad-rnn train FILE --cell CELL --hidden 128 --epochs EPOCHS --seed SEED --output CELL-EPOCHS-SEED
```

or by `docs/results.py`, which does the same, and lets the best network of the run read the last tenth as one stream.

{characters}

{lowest}All networks are trained with the command's own settings: one layer, Adam with a learning rate of 0.003 that
falls along a cosine to 0 at the last epoch, windows of 64 characters, 32 parallel streams. The best epoch is chosen on
the last tenth itself; where it is the last epoch, nothing was chosen.

## Time of an update beside PyTorch

The same update by PyTorch's fused layer: 128 units, 65 symbols, windows of 64 characters, batches of 32, float32, with
clipping and Adam, one thread. Medians of the processor time of updates that alternate, and the median of their ratio.
An epoch of tiny Shakespeare is 490 such updates.

{speed}
"""


if __name__ == "__main__":
    write_page(Path(__file__).parent)
