"""Which Graphviz there is, and stand-ins for it."""

import importlib.util
import shutil

import pytest

HAS_DOT = shutil.which("dot") is not None
HAS_PYGRAPHVIZ = importlib.util.find_spec("pygraphviz") is not None

needs_graphviz = pytest.mark.skipif(not (HAS_DOT or HAS_PYGRAPHVIZ), reason="neither dot nor pygraphviz is installed")
needs_pygraphviz = pytest.mark.skipif(not HAS_PYGRAPHVIZ, reason="pygraphviz is not installed")


def put_dot(folder, monkeypatch, script):
    """Put a shell script under the name of `dot` into a folder that comes first on the PATH."""
    dot = folder / "dot"
    dot.write_text(f"#!/bin/sh\n{script}\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
