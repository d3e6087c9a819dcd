"""Parameters in files that PyTorch reads and writes: safetensors, under PyTorch's names."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from types import ModuleType

from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.extras import require_extra
from tinygrad_rnn.files import replace_file
from tinygrad_rnn.nn.cells import GRUCell
from tinygrad_rnn.nn.module import Module, find_members
from tinygrad_rnn.nn.recurrent import GRU


def save_state(path: str | PathLike[str], module: Module) -> None:
    """Write a module's parameters into a safetensors file, from which PyTorch's module of the same kind can load them.

    Raises:
        SettingError: the module holds a GRU whose reset gate acts before the product; PyTorch has none.
        OutputError: the file cannot be written; one that was there before is as it was.
        MissingExtraError: the package safetensors is not installed.

    >>> tg.nn.save_state("lstm.safetensors", tg.nn.LSTM(2, 3, seed=1))
    >>> layer = tg.nn.LSTM(2, 3)
    >>> tg.nn.load_state("lstm.safetensors", layer)
    """
    _require_exchangeable(module)
    replace_file(Path(path), _safetensors().numpy.save(module.state_dict()))


def load_state(path: str | PathLike[str], module: Module) -> None:
    """Give a module the parameters in a safetensors file, such as one that PyTorch's module of the same kind saved.

    Raises:
        SettingError: the file is not in this format, lacks a parameter, or has others; or the module holds a GRU
            whose reset gate acts before the product.
        ShapeError: a parameter of another shape.
        OSError: the file cannot be read.
        MissingExtraError: the package safetensors is not installed.
    """
    _require_exchangeable(module)
    contents = Path(path).read_bytes()
    package = _safetensors()
    try:
        state = package.numpy.load(contents)
    except (package.SafetensorError, KeyError) as error:
        raise SettingError(f"{path} is not a safetensors file with arrays of dtypes that numpy has: {error}") from error
    module.load_state_dict(state)


def _require_exchangeable(module: Module) -> None:
    """Refuse what has PyTorch's names and another meaning."""
    for place, part in find_members("", module):
        if isinstance(part, GRU | GRUCell) and not part.reset_after:
            raise SettingError(
                f"the GRU{place and ' at '}{place} has its reset gate before the product (reset_after=False); PyTorch, "
                "which has it after, would read the same parameters as another network. state_dict() and "
                "load_state_dict() exchange with a GRU of the same kind"
            )


def _safetensors() -> ModuleType:
    require_extra("cli", "safetensors")
    import safetensors.numpy

    return safetensors
