"""Text files, character by character."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.node import Array


def read_text(path: Path) -> str:
    """A file's text, line ends as they are.

    Raises:
        DataError: it is empty, or not text in UTF-8; the message says from which byte on.
        OSError: it cannot be read.
    """
    contents = path.read_bytes()
    if not contents:
        raise DataError(f"{path} is empty")
    try:
        text = contents.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not text in UTF-8: byte 0x{contents[error.start]:02x} at offset {error.start} ({error.reason})"
        ) from error
    strange = next((c for c in sorted(set(text)) if unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v"), None)
    if strange is not None:
        offset = len(text[: text.index(strange)].encode())
        raise DataError(f"{path} is not text: control character 0x{ord(strange):02x} at offset {offset}")
    return text


def encode(text: str, alphabet: str, source: str) -> Array:
    """Each character's place in the alphabet, which is sorted.

    Args:
        text: the text.
        alphabet: its characters in order.
        source: where the text is from, for the error.

    Raises:
        DataError: a character that is not in the alphabet.

    >>> from tinygrad_rnn.training.text import encode
    >>> encode("abba", "ab", "an example")
    array([0, 1, 1, 0])
    """
    letters, points = (np.frombuffer(part.encode("utf-32-le"), np.uint32) for part in (alphabet, text))
    if not len(letters):
        raise DataError("an alphabet has at least one character")
    codes = np.minimum(np.searchsorted(letters, points), len(letters) - 1)
    strange = np.flatnonzero(letters[codes] != points)
    if len(strange):
        place = int(strange[0])
        raise DataError(f"{source}: {text[place]!r}, character {place + 1}, is not among those that were learnt from")
    return codes
