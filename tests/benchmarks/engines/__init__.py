"""The same network in every engine, each as that engine's users write it.

A program whose package is missing is shown as not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from ..problem import Problem, Program

Makers = dict[str, Callable[[Problem], Program] | None]

REFERENCE = "PyTorch eager"

_PROGRAMS = {  # module, function, and the package it needs
    "tinygrad_rnn": ("ours", "written_out", "tinygrad_rnn"),
    "tinygrad_rnn, `nn.ElmanRNN.unroll`": ("ours", "unrolled", "tinygrad_rnn"),
    REFERENCE: ("pytorch", "eager", "torch"),
    "HIPS autograd": ("hips_autograd", "value_and_gradient", "autograd"),
    "MyGrad": ("my_grad", "guarded", "mygrad"),
    "MyGrad, memory guarding off": ("my_grad", "unguarded", "mygrad"),
    "numpy by hand, naive": ("by_hand", "naive", "numpy"),
    "numpy by hand, fused": ("by_hand", "fused", "numpy"),
}


_DIRECTIONAL = {
    kind: {
        "tinygrad_rnn": ("ours", kind, "tinygrad_rnn"),
        REFERENCE: ("pytorch", kind, "torch"),
        "HIPS autograd": ("hips_autograd", kind, "autograd"),
    }
    for kind in ("jvp", "hvp")
}


def load_programs() -> Makers:
    """For each program, in the table's order, what makes it for a problem; None where its package is missing."""
    return _load(_PROGRAMS)


def load_directional(kind: str) -> Makers:
    """The same for the programs that differentiate along a direction; `kind` is "jvp" or "hvp"."""
    return _load(_DIRECTIONAL[kind])


def _load(programs: Mapping[str, tuple[str, str, str]]) -> Makers:
    makers: Makers = {}
    for name, (module, function, package) in programs.items():
        try:
            makers[name] = getattr(import_module(f"{__name__}.{module}"), function)
        except ModuleNotFoundError as error:
            if error.name != package:
                raise
            makers[name] = None
    return makers
