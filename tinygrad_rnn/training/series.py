"""Series of numbers in CSV files."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.node import Array


def read_series(path: Path, column: str | None = None) -> Array:
    """One column of a CSV file with a header line.

    Args:
        path: the file.
        column: the column's name, or its number from 1; the last if not given.

    Returns:
        The numbers: (lines,).

    Raises:
        DataError: the file is empty or no CSV file in UTF-8, has no header or no such column, or a line has a gap,
            an infinity or something that is no number there; the message names the line.
        OSError: it cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(lines, [])
        if not header:
            raise DataError(f"{path} is empty")
        place = _place(header, column, path)
        numbers = [_number(fields, place, f"{path}, line {lines.line_num}") for fields in lines]
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8: offset {error.start} ({error.reason})") from error
    except csv.Error as error:
        raise DataError(f"{path}, line {lines.line_num}: {error}") from error
    if not numbers:
        raise DataError(f"{path} has a header and no numbers")
    return np.array(numbers)


def _place(header: list[str], column: str | None, path: Path) -> int:
    """Which field of a line is the column."""
    names = [name.strip() for name in header]
    if column in names:
        return names.index(column)
    if all(_is_number(name) for name in names):
        raise DataError(
            f"{path} has no header: its first line is {', '.join(names)[:40]}; put a line of names before it"
        )
    if column is None:
        return len(names) - 1
    if column.isascii() and column.isdecimal() and len(column) < 6 and 1 <= int(column) <= len(names):
        return int(column) - 1
    raise DataError(f"{path} has no column {column!r}; its columns are {', '.join(names)}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(fields: list[str], place: int, where: str) -> float:
    field = fields[place].strip() if place < len(fields) else ""
    if not field:
        raise DataError(f"{where}: a gap in column {place + 1}; fill it, or leave such lines out")
    if not _is_number(field):
        raise DataError(f"{where}: {field[:40]!r} in column {place + 1} is no number")
    number = float(field)
    if not math.isfinite(number):
        raise DataError(f"{where}: {field} in column {place + 1} is not finite")
    return number
