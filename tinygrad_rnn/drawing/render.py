"""Running Graphviz: the `dot` on the PATH, else the one that pygraphviz carries, always with a time-out."""

from __future__ import annotations

import hashlib
import html
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping

from tinygrad_rnn.errors import DrawingError

LAYOUT_SECONDS, PAINT_SECONDS = 25.0, 120.0
"""How long Graphviz may take where it has to find places, and where these are given."""

INSTALLING = (
    "Graphviz is not installed: install its `dot` (the package `graphviz` of your system), "
    "or `pip install 'tinygrad-rnn[dot]'`, whose pygraphviz carries it"
)


MOST_PIXELS = 32_767
"""The longest side of a bitmap. Graphviz shrinks larger ones, and says so on its standard error."""

SHRUNK = re.compile(rb"too large for .* bitmaps\. Scaling by (\S+) to fit")


def run_graphviz(source: str, format: str, seconds: float, advice: str) -> bytes:
    """Let Graphviz turn DOT text into a format, such as "svg", "png", "pdf" or "plain".

    Args:
        source: the DOT text.
        format: the format.
        seconds: that it may take.
        advice: what to draw instead where that is too much.

    Raises:
        DrawingError: there is no Graphviz, it took too long, or it failed; or a bitmap would be too large.
    """
    run = _run_dot if shutil.which("dot") else _run_pygraphviz
    try:
        done = run(source, format, seconds)
    except subprocess.TimeoutExpired:
        raise DrawingError(f"Graphviz did not finish within {seconds:g} s; draw {advice}") from None
    if shrunk := SHRUNK.search(done.stderr):
        raise DrawingError(
            f"the picture is too large for a bitmap: its longer side would have {MOST_PIXELS / float(shrunk[1]):,.0f} "
            f"pixels, and {MOST_PIXELS:,} are the most; save it as .svg or .html, with fewer pixels per inch (dpi), or "
            f"draw {advice}"
        )
    return done.stdout


def _run_dot(source: str, format: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
    from graphviz.backend import dot_command, execute

    command = dot_command.command("dot", format)
    try:
        done: subprocess.CompletedProcess[bytes] = execute.run_check(
            command, input=source.encode(), capture_output=True, quiet=True, timeout=seconds
        )
    except execute.CalledProcessError as error:
        raise DrawingError(f"Graphviz failed: {_first_line(error.stderr)}") from error
    return done


def _run_pygraphviz(source: str, format: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """Run pygraphviz in a process of its own, because Graphviz can end the process that it runs in."""
    command = [sys.executable, "-P", "-c", CHILD, format]
    done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=seconds, check=False)
    if done.returncode == NOT_INSTALLED:
        raise DrawingError(INSTALLING)
    if done.returncode:
        raise DrawingError(f"Graphviz failed: {_first_line(done.stderr)}")
    return done


NOT_INSTALLED = 69
CHILD = f"""
import sys
try:
    import pygraphviz
except ImportError:
    sys.exit({NOT_INSTALLED})
source = sys.stdin.buffer.read().decode()
program = "nop2" if "layout=nop2" in source[:200] else "dot"
try:
    painted = pygraphviz.AGraph(string=source).draw(format=sys.argv[1], prog=program)
except Exception as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
sys.stdout.buffer.write(painted)
"""


def _first_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[0].strip() if lines else "it gave no reason"


def for_pango(source: str) -> str:
    """DOT for bitmaps and PDF, where Pango makes subscripts smaller by a sixth once more."""
    return re.sub(
        r'(<SU[BP]><FONT POINT-SIZE=")([\d.]+)', lambda found: f"{found[1]}{1.2 * float(found[2]):.1f}", source
    )


# ---------------------------------------------------------------------- SVG


def finish_svg(svg: str, titles: Mapping[str, str], title: str) -> str:
    """Graphviz's SVG, made fit to stand in a page.

    Ids get a prefix of their own, so that two pictures in a page do not collide; each mark's title says
    what it is; subscripts are lowered in a way that every viewer understands.
    """
    prefix = f"g{hashlib.sha256(svg.encode()).hexdigest()[:8]}-"
    svg = svg[svg.index("<svg") :]
    svg = svg.replace(' id="', f' id="{prefix}')
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<title>(.*?)</title>\n?", lambda found: _title(found[1], titles), svg)
    svg = re.sub(r"<text ([^>]*baseline-shift[^>]*)>", _lower, svg)
    head = f'<svg role="img" aria-label="{html.escape(title)}"'
    return svg.replace("<svg", head, 1)


def for_notebook(svg: str) -> str:
    """An SVG with ids that no other figure has, not even the same shown twice, and no broader than the page."""
    svg = svg.replace(' id="', f' id="{secrets.token_hex(4)}-')
    return svg.replace("<svg", '<svg style="max-width: 100%; height: auto"', 1)


def _title(name: str, titles: Mapping[str, str]) -> str:
    return f"<title>{html.escape(titles[name])}</title>\n" if name in titles else ""


def _lower(found: re.Match[str]) -> str:
    """A text's tag with its shift up or down as a change of its height."""
    attributes = dict(re.findall(r'([\w:-]+)="([^"]*)"', found[1]))
    down = 0.33 if attributes.pop("baseline-shift") == "sub" else -0.55
    attributes["y"] = f"{float(attributes['y']) + down * float(attributes['font-size']):.2f}"
    return "<text " + " ".join(f'{name}="{value}"' for name, value in attributes.items()) + ">"
