"""Labels as typeset text."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.drawing.basics.label import (
    LONGEST,
    Run,
    clean,
    escape,
    markup,
    mathtext,
    plain,
    shorten,
    typeset,
    width,
)


@pytest.mark.parametrize(
    ("label", "runs"),
    [
        ("h", [Run("h", "italic")]),
        ("h_3", [Run("h", "italic"), Run("3", "upright", "sub")]),
        ("h_12", [Run("h", "italic"), Run("12", "upright", "sub")]),
        ("s_-1", [Run("s", "italic"), Run("−1", "upright", "sub")]),
        ("W_hh", [Run("W", "italic"), Run("hh", "italic", "sub")]),
        ("s_{t+1}", [Run("s", "italic"), Run("t+1", "italic", "sub")]),
        ("h_{12}", [Run("h", "italic"), Run("12", "upright", "sub")]),
        ("W_{hh}^{(2)}", [Run("W", "italic"), Run("hh", "italic", "sub"), Run("(2)", "upright", "sup")]),
        ("x_t-1", [Run("x", "italic"), Run("t−1", "italic", "sub")]),
        ("x_1,2", [Run("x", "italic"), Run("1,2", "upright", "sub")]),
        ("y*_3", [Run("y*", "italic"), Run("3", "upright", "sub")]),
        ("h'_t", [Run("h'", "italic"), Run("t", "italic", "sub")]),
        ("y''", [Run("y''", "italic")]),
        ("W^(2)", [Run("W", "italic"), Run("(2)", "upright", "sup")]),
        ("W_hh^T", [Run("W", "italic"), Run("hh", "italic", "sub"), Run("T", "italic", "sup")]),
        ("ŷ_1", [Run("ŷ", "italic"), Run("1", "upright", "sub")]),
        ("θ", [Run("θ", "italic")]),
        ("α_i", [Run("α", "italic"), Run("i", "italic", "sub")]),
        ("net_3", [Run("net", "upright"), Run("3", "upright", "sub")]),
    ],
)
def test_a_variables_name_is_typeset(label, runs):
    assert list(typeset(label)) == runs


@pytest.mark.parametrize(
    "label", ["quux 1", "a-b", "_x", "x_", "x__y", "3", "", "<b>h</b>", "x_{", "x_{t", "x_t}", "x_{}", "f(x)_3 + 1"]
)
def test_anything_else_stands_as_it_is(label):
    assert typeset(label) == (Run(label),)


def test_a_long_label_is_shortened_with_an_ellipsis():
    (run,) = typeset("word " * 2000)
    assert len(run.text) == LONGEST
    assert run.text == shorten("word " * 2000)
    assert run.text.endswith("…")
    assert shorten("a" * LONGEST) == "a" * LONGEST


@pytest.mark.parametrize(
    ("text", "printable"),
    [
        ("plain", "plain"),
        ("é", "é"),
        ("a\tb\r\nc", "a b  c"),
        ("\0\x07\x1b", "\ufffd" * 3),
        ("\ud800", "\ufffd"),
        ("\u202e\u200b", "\ufffd" * 2),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_what_cannot_be_printed_is_replaced(text, printable):
    assert clean(text) == printable


def test_text_without_styles():
    assert plain(typeset("W_hh^T")) == "W_hh^T"


# ---------------------------------------------------------------------- into DOT


def test_markup_of_a_name_with_subscript():
    assert markup(typeset("h_3"), 16, "Arial") == '<I>h</I><SUB><FONT POINT-SIZE="11.5">3</FONT></SUB>'


def test_markup_of_a_functions_name_has_its_face():
    assert markup((Run("tanh", "sans"),), 11, "A & B") == '<FONT FACE="A&#160;&amp;&#160;B">tanh</FONT>'


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>", "&lt;script&gt;"),
        ("\"&'", "&quot;&amp;&#x27;"),
        (r"\N", "&#92;&#92;N"),
        ("a  b", "a&#160;&#160;b"),
        ("{|}", "{|}"),
    ],
)
def test_escapes(text, escaped):
    assert escape(text) == escaped


@given(st.text())
def test_markup_holds_the_text_and_no_other_tags(label):
    written = markup(typeset(label), 16, "Arial")
    assert set(re.findall(r"</?([^ >]*)", written)) <= {"I", "SUB", "SUP", "FONT"}
    text = html.unescape(re.sub(r"<[^>]*>", "", written)).replace("\\\\", "\\").replace("\xa0", " ")
    assert text == "".join(run.text for run in typeset(label))


# ---------------------------------------------------------------------- width


def test_width_grows_with_the_size_and_the_text():
    assert width(typeset("hh"), 16) == pytest.approx(2 * width(typeset("h"), 16))
    assert width(typeset("h"), 32) == pytest.approx(2 * width(typeset("h"), 16))
    assert width((), 16) == 0


def test_narrow_letters_are_narrower_and_subscripts_smaller():
    widths = [width((Run(text),), 10) for text in ("i", "a", "A", "W", "語")]
    assert widths == sorted(set(widths))
    assert width((Run("3", "upright", "sub"),), 10) < width((Run("3"),), 10)


def test_an_accent_takes_no_room():
    assert width((Run("y\u0302"),), 10) == width((Run("y"),), 10)


@pytest.mark.parametrize(
    ("label", "formula"),
    [
        ("h_12", "$h_{12}$"),
        ("W_hh^(2)", "$W_{hh}^{(2)}$"),
        ("h'_t-1", "$h'_{t−1}$"),
        ("net_3", r"$\mathrm{net}_{3}$"),
        ("loss", "loss"),
        ("h[3]", "h[3]"),
        ("$a_1$", r"\$a_1\$"),
    ],
)
def test_names_become_formulas_of_matplotlib(label, formula):
    assert mathtext(typeset(label)) == formula


@given(st.text(max_size=20))
def test_any_label_can_be_a_formula_or_text_of_matplotlib(label):
    cbook, parser = pytest.importorskip("matplotlib.cbook"), pytest.importorskip("matplotlib.mathtext")
    text = mathtext(typeset(label))
    if cbook.is_math_text(text):
        parser.MathTextParser("path").parse(text)
    else:
        assert text.replace(r"\$", "$") == plain(typeset(label))
