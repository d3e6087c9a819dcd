"""What all commands parse with."""

from __future__ import annotations

import argparse
from typing import NoReturn, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

PROGRAM = "tinygrad-rnn"
LARGEST = 100_000


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Say it, and end with the status of wrong usage."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def count(text: str) -> int:
    """A size, or a number of steps."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= LARGEST):
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {LARGEST} is expected, not {text!r}")
    return int(text)
