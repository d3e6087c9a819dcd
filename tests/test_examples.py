"""The examples in docstrings and documents do what they say."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def docstrings():
    """Each docstring of the package that has examples."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = [tg.__name__, *(module.name for module in pkgutil.walk_packages(tg.__path__, f"{tg.__name__}."))]
    for name in names:
        if not name.endswith("__main__"):
            for test in finder.find(importlib.import_module(name), globs={"tg": tg, "np": np}):
                if test.examples:
                    yield pytest.param(test, id=test.name)


def documents():
    """Each document that has examples, with the text of every example and the line that it starts on."""
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]):
        text = path.read_text(encoding="utf-8")
        blocks = [(text.count("\n", 0, match.start(1)) + 1, match[1]) for match in BLOCK.finditer(text)]
        if blocks:
            yield pytest.param(path, blocks, id=str(path.relative_to(ROOT)))


def run(test):
    """The report of what an example gives instead of what it says, empty if it is right."""
    report = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    return "".join(report)


@pytest.mark.parametrize("test", [*docstrings()])
def test_a_docstring(test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(test) == ""


@pytest.mark.parametrize(("path", "blocks"), [*documents()])
def test_a_document(path, blocks, tmp_path, monkeypatch):
    """The blocks of one document run as written, one after the other, in a place of their own."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for line, source in blocks:
        if source.lstrip().startswith(">>>"):
            assert run(doctest.DocTestParser().get_doctest(source, names, path.name, str(path), line)) == ""
        else:
            exec(compile("\n" * (line - 1) + source, str(path), "exec"), names)


def test_a_wrong_example_is_noticed():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert "Expected:\n    3\nGot:\n    2" in run(wrong)
    assert [match[1] for match in BLOCK.finditer("```python\na\n```\n```sh\nb\n```\n```python\nc\n```\n")] == [
        "a\n",
        "c\n",
    ]
