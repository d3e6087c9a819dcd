"""Packages that `import tinygrad_rnn` does not need: say which extra brings a missing one."""

from __future__ import annotations

from importlib.util import find_spec

from tinygrad_rnn.errors import MissingExtraError


def require_extra(extra: str, *packages: str) -> None:
    """Make sure, before any work, that packages can be imported.

    Raises:
        MissingExtraError: one is not installed.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise MissingExtraError(
            f"{' and '.join(missing)} not installed: `pip install 'tinygrad-rnn[{extra}]'` brings what is needed"
        )
