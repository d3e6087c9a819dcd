"""Writing a file, or a folder of files, as one: afterwards it is there as a whole, or as it was before."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tinygrad_rnn.errors import OutputError

UNFINISHED = ".tinygrad-rnn-"


def check_folder(
    folder: Path, names: Collection[str], replace: bool, is_ours: Callable[[Path], bool] = lambda folder: True
) -> None:
    """Find out, before long work, whether `write_folder` would refuse or fail.

    Args:
        folder: the folder to be.
        names: the files to be in it.
        replace: whether a folder that holds nothing but such files may be replaced.
        is_ours: whether what a folder holds was written by an earlier run.

    Raises:
        OutputError: it would, and why.
    """
    with _explained(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file, and should become a folder")
        if not folder.parent.is_dir():
            raise OutputError(f"there is no folder {folder.parent} to make {folder.name} in")
        if folder.exists() and not replace:
            raise OutputError(f"{folder} exists already; choose another folder, or replace this one with --force")
        found = sorted(folder.iterdir()) if folder.exists() else []
        strangers = [path.name for path in found if path.name not in names or not path.is_file() or path.is_symlink()]
        if strangers:
            raise OutputError(f"{folder} is not replaced, because it also holds {', '.join(strangers[:3])}")
        if found and not is_ours(folder):
            raise OutputError(f"{folder} is not replaced, because it does not look like the work of an earlier run")
        trial = _beside(_real(folder))
        trial.mkdir()
        trial.rmdir()


def write_folder(
    folder: Path,
    files: Mapping[str, bytes],
    replace: bool = False,
    is_ours: Callable[[Path], bool] = lambda folder: True,
) -> None:
    """Write files into a new folder that takes its place only when everything is on the disk.

    An error or an interrupt leaves what was there before. Where a folder is replaced, the old one stands
    beside it under another name for the instant between two renamings.

    Args:
        folder: the folder to be.
        files: the contents of its files by name.
        replace: whether a folder that holds nothing but such files may be replaced.
        is_ours: whether what a folder holds was written by an earlier run.

    Raises:
        OutputError: there is something that is not to be replaced, or the disk is full, or the like.
    """
    check_folder(folder, files, replace, is_ours)
    target = _real(folder)
    new, old = _beside(target), _beside(target)
    try:
        with _explained(folder):
            new.mkdir()
            for name, content in files.items():
                _write(new / name, content)
            _sync(new)
            _swap(new, target, old)
            _sync(target.parent)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that whatever happens, even a sudden end, it is there as a whole: the new one or the old.

    Raises:
        OutputError: it cannot be written; the old one stays.
    """
    with _explained(path):
        target = _real(path)
        new = _beside(target)
        try:
            _write(new, content)
            new.replace(target)
            _sync(target.parent)
        finally:
            new.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove the files that `replace_file` had begun in a folder when the process came to a sudden end.

    Nobody else may be writing there.

    Raises:
        OSError: one cannot be removed.
    """
    for path in folder.glob(f"{UNFINISHED}*"):
        if path.is_file():
            path.unlink()


def lock(file: IO[bytes]) -> bool:
    """Keep an open file to oneself until it is closed, or the process ends in whatever way.

    Returns:
        False if somebody else has it. Where the system or the disk knows no such locks, True.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
            raise
    return True


def _write(path: Path, content: bytes) -> None:
    """Write a new file, down to the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say of the system's errors what they prevented."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    except ValueError as error:  # a name that no file can have
        raise OutputError(f"cannot write {str(path)!r}: {error}") from error


def _swap(new: Path, target: Path, old: Path) -> None:
    """Put `new` in the place of `target`, and what stood there, if anything, aside as `old`."""
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise


def _real(path: Path) -> Path:
    """Where a file or folder really is, so that a symbolic link stays one."""
    return Path(os.path.realpath(path))


def _beside(path: Path) -> Path:
    """A name in the same parent, and so on the same disk, that nothing has yet."""
    return path.with_name(f"{UNFINISHED}{secrets.token_hex(4)}")


def _sync(folder: Path) -> None:
    """Have the folder's own entries written, where the system knows such a thing."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
