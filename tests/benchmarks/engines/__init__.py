"""The same network in every engine, each as that engine's users write it.

A program whose package is missing is shown as not installed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ..problem import Problem, Program

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


def load_programs() -> dict[str, Callable[[Problem], Program] | None]:
    """For each program, in the table's order, what makes it for a problem; None where its package is missing."""
    makers: dict[str, Callable[[Problem], Program] | None] = {}
    for name, (module, function, package) in _PROGRAMS.items():
        try:
            makers[name] = getattr(import_module(f"{__name__}.{module}"), function)
        except ModuleNotFoundError as error:
            if error.name != package:
                raise
            makers[name] = None
    return makers
