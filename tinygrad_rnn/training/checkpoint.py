"""Checkpoints: arrays, and a few numbers about them, in one safetensors file that is there as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import RunError
from tinygrad_rnn.files import replace_file
from tinygrad_rnn.node import Array

ENTRY = "tinygrad_rnn"
LARGEST = 2**34


def encode_checkpoint(arrays: Mapping[str, Array], about: Mapping[str, Any]) -> bytes:
    """A safetensors file's contents; the same for the same arrays and numbers."""
    from safetensors.numpy import save

    rows_first = {name: np.asarray(array, order="C") for name, array in arrays.items()}  # safetensors assumes it
    return save(rows_first, {ENTRY: json.dumps(about)})  # one entry, because a file's entries have no fixed order


def write_checkpoint(path: Path, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> None:
    """Put a checkpoint in the place of the one before.

    Raises:
        OutputError: it cannot be written; the one before stays.
    """
    replace_file(path, encode_checkpoint(arrays, about))


def read_checkpoint(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays by name, and the numbers about them.

    Raises:
        RunError: the file is missing, malformed, or not a checkpoint.
        OSError: it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise RunError(f"{path.parent} is not a run folder: there is no {path.name} in it")
    if path.stat().st_size > LARGEST:
        raise RunError(f"{path} is too large for a checkpoint")
    path.open("rb").close()  # whose errors say why it cannot be read; those of safe_open do not
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {}).get(ENTRY, "null"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
    except (SafetensorError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{path} is malformed: {error}") from error
    if not isinstance(about, dict):
        raise RunError(f"{path} is not a run's checkpoint")
    return arrays, about


def part_of(arrays: Mapping[str, Array], name: str) -> dict[str, Array]:
    """Those arrays whose name begins with "name.", without it."""
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}


def named(name: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays with "name." before their names."""
    return {f"{name}.{key}": array for key, array in arrays.items()}
