"""Write docs/results.md and docs/adding.svg from the numbers in docs/results.json.

    python docs/results_page.py

The numbers are measured by docs/results.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

from tinygrad_rnn.drawing.flow import plot_style
from tinygrad_rnn.drawing.theme import THEMES
from tinygrad_rnn.training import memoryless_nats

Results = Mapping[str, Mapping[str, Any]]
NAMES = {
    "ar12": "linear autoregression of order 12", "elman": "the demo's Elman network", "rnn": "RNN (tanh)",
    "irnn": "IRNN", "lstm": "LSTM", "gru": "GRU",
}  # fmt: skip
GRAMS = ("uniform guess", "unigram", "bigram", "trigram")
MEMORYLESS = {"adding": lambda steps: 1 / 6, "copy": memoryless_nats}
COLOURS = {"rnn": "#888888", "irnn": "#c77700", "lstm": "#0b62a4", "gru": "#2c8a3a"}


# ---------------------------------------------------------------------- cells of tables


def spread(values: Sequence[float], digits: int = 3) -> str:
    """The mean and, of several values, the standard deviation of the sample."""
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{deviation}"


def duration(seconds: float) -> str:
    """Seconds in words."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first and the last are numbers."""
    rules = ["---", *["---:"] * (len(head) - 2), "---"]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rules, *rows))


def rows_of(results: Results, pattern: str) -> list[tuple[str, Mapping[str, Any], tuple[str, ...]]]:
    """The rows whose names match: name, numbers, and what the pattern's groups have matched."""
    matches = [(name, re.fullmatch(pattern, name)) for name in results]
    return [(name, results[name], match.groups()) for name, match in matches if match]


# ---------------------------------------------------------------------- tables


def sunspots_table(results: Results) -> str:
    """Errors by span of years."""
    rows = [
        [
            NAMES[kind],
            *[spread(numbers[span]) for span in ("train", "1921_1955", "1956_1979")],
            str(len(numbers["train"])),
            duration(numbers["seconds"]),
            f"`{name}`",
        ]
        for name, numbers, (kind,) in rows_of(results, r"sunspots-(\w+)")
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
    for name, numbers, (steps, kind) in rows_of(results, rf"{task}-(\d+)-(\w+)"):
        if steps != length:
            length = steps
            rows.append([f"T = {steps}: answer without memory", f"{MEMORYLESS[task](int(steps)):.4f}", "", "", "", ""])
        losses = numbers["losses"]
        cells = [str(len(losses)), f"{numbers['updates']:,}", duration(numbers["seconds"]), f"`{name}`"]
        rows.append([f"T = {steps}: {NAMES[kind]}", spread(losses, 4), *cells])
    return table(["", "loss on fresh sequences", "seeds", "updates", "time", "ROW"], rows)


def characters_table(results: Results) -> str:
    """Nats per character of n-grams and networks."""
    rows = []
    for name, numbers, _ in rows_of(results, "characters-ngrams"):
        for order, nats in numbers.items():
            if order.isdigit():
                label = GRAMS[int(order)] if int(order) < len(GRAMS) else f"{order}-gram"
                rows.append([label, f"{nats:.3f}", "", duration(numbers["seconds"]), f"`{name}`"])
    for name, numbers, (cell, _) in rows_of(results, r"characters-(rnn|lstm|gru)-(\d+)"):
        epochs = f"{numbers['epochs']}; best {numbers['best_epoch']}"
        rows.append(
            [
                f"{NAMES[cell]}, 128 units",
                f"{numbers['nats']:.3f}",
                epochs,
                duration(numbers["run_seconds"]),
                f"`{name}`",
            ]
        )
    return table(["model", "nats per character", "epochs", "time", "ROW"], rows)


def lowest_characters(results: Results) -> str:
    """The best n-gram and the best network in a sentence."""
    grams = [nats for order, nats in results.get("characters-ngrams", {}).items() if order.isdigit()]
    networks = [numbers["nats"] for _, numbers, _ in rows_of(results, r"characters-\w+-\d+")]
    if not (grams and networks):
        return ""
    return f"The best n-gram has {min(grams):.3f} nats per character, the best network {min(networks):.3f}.\n\n"


def speed_table(results: Results) -> str:
    """Times of an update beside PyTorch's."""
    rows = [
        [NAMES[kind], f"{numbers['ours']:.1f}", f"{numbers['pytorch']:.1f}", f"{numbers['ratio']:.2f}",
         str(numbers["rounds"]), f"`{name}`"]
        for name, numbers, (kind,) in rows_of(results, r"speed-(\w+)")
    ]  # fmt: skip
    return table(["128 units", "ours, ms", "PyTorch, ms", "ours / PyTorch", "rounds", "ROW"], rows)


# ---------------------------------------------------------------------- the figure


def draw_learning(results: Results) -> Figure:
    """The adding problem's learning curves by length: each seed's, on a logarithmic scale, and the line at 1/6."""
    rows = rows_of(results, r"adding-(\d+)-(\w+)")
    lengths = list(dict.fromkeys(steps for _, _, (steps, _) in rows))
    figure = Figure((9.2, 3.2), layout="constrained")
    panels = dict(zip(lengths, figure.subplots(1, max(len(lengths), 1), sharey=True, squeeze=False)[0], strict=False))
    for _, numbers, (steps, kind) in rows:
        for position, curve in enumerate(numbers["curves"]):
            points = [numbers["updates"] / len(curve) * (place + 0.5) for place in range(len(curve))]
            label = None if position else NAMES[kind]
            panels[steps].plot(points, curve, color=COLOURS[kind], lw=1, alpha=0.8, label=label)
    for steps, axes in panels.items():
        axes.axhline(1 / 6, color="black", lw=0.8, ls=(0, (4, 3)))
        axes.set(yscale="log", ylim=(None, 1), xlabel="update", title=f"T = {steps}")
        axes.text(axes.get_xlim()[1], 0.18, "1/6, without memory", ha="right", va="bottom")
    if panels:
        panels[lengths[0]].set_ylabel("mean squared error")
        figure.legend(*panels[lengths[0]].get_legend_handles_labels(), loc="outside upper center", ncols=len(COLOURS))
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
    """Write results.md and adding.svg beside results.json."""
    results = json.loads((docs / "results.json").read_text())
    (docs / "results.md").write_text(render(results), encoding="utf-8")
    with style.context(["default", {**plot_style(THEMES["light"]), "svg.fonttype": "none", "svg.hashsalt": "adding"}]):
        draw_learning(results).savefig(docs / "adding.svg", metadata={"Date": None, "Creator": None})


PAGE = """\
# Results

What recurrent networks learn with this library, beside simple baselines. This page is written by `docs/results.py`
from the numbers in [results.json](results.json), every seed's own among them. The command

```sh
OPENBLAS_NUM_THREADS=1 python docs/results.py --text tinyshakespeare.txt ROW
```

measures the ROW that a table's last column names anew, and without a ROW all that are missing. `--text` matters to the
rows about characters alone; the rows about speed take PyTorch (`pip install -e .[bench]`). Seeds are 0, 1, 2, …; ± is
the standard deviation over them. Times are the clock's, for all seeds of a row, one thread on two cores that other work
shared: they say what a row costs, not how fast the library is. No setting was chosen on what is reported here, unless
it is said.

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

32 units, batches of 32 sequences drawn anew for every update, Adam, gradients clipped to the norm 1; the learning rate
is 0.01 for LSTM and GRU, and 0.001 for RNN and IRNN. Rates were tried with T = 50, 1,000 updates and another seed:
0.003 and 0.01 for all, 0.001 and 0.0003 also for RNN and IRNN, which left 1/6 at none of them. The IRNNs that solve the
task in Le et al. 2015 have 100 units and many more updates; ours start as theirs do. The LSTM starts with a forget bias
of 1. The loss is that of 1,000 sequences that were not learnt from, on which the answer 1 scores 1/6 ± 0.006. A point
of a curve is the mean of 50 updates.

## Copy memory

Ten of eight symbols, T blanks, and then the ten symbols again. The loss is the cross-entropy in nats, the mean of all
T + 20 steps; without memory it is 10 ln 8 / (T + 20).

{copy}

Networks and training are those of the adding problem; nothing was chosen for this task, and training is short: the
networks in the literature have had more units and many more updates.

## Characters

Tiny Shakespeare, 1,115,394 characters, 65 different ones: the first nine tenths are learnt from, and the last tenth is
predicted. The n-grams are interpolated after Witten and Bell. The networks are made by

```sh
tinygrad-rnn train FILE --cell CELL --hidden 128 --epochs EPOCHS --output runs/CELL-EPOCHS
```

which `docs/results.py` runs unless there is the folder, with one seed. Their time is that from the run's first file to
its last.

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
