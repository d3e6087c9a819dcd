"""A folder of results is written as a whole or not at all, whatever happens on the way."""

import errno
import os
from pathlib import Path

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import OutputError
from tinygrad_rnn.files import check_folder, write_folder

FILES = {"a.txt": b"new a", "b.txt": b"new b"}


def names(folder):
    return [path.name for path in folder.iterdir()]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def written(tmp_path):
    """A folder that an earlier run wrote."""
    folder = tmp_path / "results"
    write_folder(folder, {"a.txt": b"old a", "b.txt": b"old b"})
    return folder


def fail_at(monkeypatch, owner, name, call, error):
    """Let the function work until its given call, which raises."""
    original, calls = getattr(owner, name), []

    def failing(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) == call:
            raise error
        return original(*arguments, **keywords)

    monkeypatch.setattr(owner, name, failing)


def test_a_new_folder_holds_the_files_and_nothing_else_is_left(tmp_path):
    write_folder(tmp_path / "results", FILES)
    assert contents(tmp_path / "results") == FILES
    assert names(tmp_path) == ["results"]


def test_it_has_the_permissions_that_the_user_gives_to_folders(tmp_path):
    (tmp_path / "usual").mkdir()
    write_folder(tmp_path / "results", FILES)
    assert (tmp_path / "results").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_what_exists_is_not_overwritten(written):
    with pytest.raises(OutputError, match="exists already"):
        write_folder(written, FILES)
    assert contents(written) == {"a.txt": b"old a", "b.txt": b"old b"}


def test_what_exists_is_replaced_on_request(written):
    write_folder(written, FILES, replace=True)
    assert contents(written) == FILES
    assert names(written.parent) == ["results"]


def test_a_folder_with_anything_else_in_it_is_never_replaced(written):
    (written / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"also holds thesis\.tex"):
        write_folder(written, FILES, replace=True)
    assert (written / "thesis.tex").read_text() == "years of work"


def test_a_folder_of_the_name_of_a_file_is_a_stranger(written):
    (written / "a.txt").unlink()
    (written / "a.txt").mkdir()
    (written / "a.txt" / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"also holds a\.txt"):
        write_folder(written, FILES, replace=True)
    assert (written / "a.txt" / "thesis.tex").read_text() == "years of work"


def test_what_somebody_else_wrote_under_the_same_names_is_not_replaced(written):
    before = contents(written)
    with pytest.raises(OutputError, match="does not look like"):
        write_folder(written, FILES, replace=True, is_ours=lambda folder: False)
    assert contents(written) == before


def test_a_link_to_a_folder_stays_a_link(written, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(written, target_is_directory=True)
    write_folder(link, FILES, replace=True)
    assert link.is_symlink()
    assert contents(written) == FILES


@pytest.mark.parametrize("replace", [False, True])
def test_what_cannot_become_a_folder_is_said_before_any_work(tmp_path, replace):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        check_folder(tmp_path / "file", FILES, replace)
    with pytest.raises(OutputError, match=r"there is no folder .*missing to make results in"):
        check_folder(tmp_path / "missing" / "results", FILES, replace)
    with pytest.raises(OutputError, match=r"there is no folder .*file to make results in"):
        check_folder(tmp_path / "file" / "results", FILES, replace)
    with pytest.raises(OutputError, match=r"cannot write .*File name too long"):
        check_folder(tmp_path / ("x" * 300), FILES, replace)
    assert names(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_written_to_is_said_before_any_work(tmp_path, monkeypatch):
    fail_at(monkeypatch, Path, "mkdir", 1, PermissionError(errno.EACCES, "Permission denied"))
    with pytest.raises(OutputError, match=r"cannot write .*results: Permission denied"):
        check_folder(tmp_path / "results", FILES, replace=False)


def test_an_output_error_is_caught_as_either_kind():
    assert issubclass(OutputError, tg.TinygradRNNError)
    assert issubclass(OutputError, OSError)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [(Path, "mkdir", 2), (Path, "open", 1), (Path, "open", 2), (os, "fsync", 1), (os, "fsync", 2), (os, "fsync", 3),
     (Path, "rename", 1)],
)  # fmt: skip
def test_whatever_fails_a_new_folder_is_not_there_at_all(tmp_path, monkeypatch, owner, name, call, error):
    fail_at(monkeypatch, owner, name, call, error)
    with pytest.raises((KeyboardInterrupt, OutputError)):
        write_folder(tmp_path / "results", FILES)
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
@pytest.mark.parametrize(("owner", "name", "call"), [(os, "fsync", 2), (Path, "rename", 1), (Path, "rename", 2)])
def test_whatever_fails_an_old_folder_stays_as_it_was(written, monkeypatch, owner, name, call, error):
    fail_at(monkeypatch, owner, name, call, error)
    with pytest.raises((KeyboardInterrupt, OutputError)):
        write_folder(written, FILES, replace=True)
    assert contents(written) == {"a.txt": b"old a", "b.txt": b"old b"}
    assert names(written.parent) == ["results"]


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    fail_at(monkeypatch, os, "fsync", 1, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(OutputError, match=r"cannot write .*results: No space left on device"):
        write_folder(tmp_path / "results", FILES)
