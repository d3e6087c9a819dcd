"""Texts, series, n-grams and made-up tasks."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.training import NGram, adding_problem, copy_memory, memoryless_nats
from tinygrad_rnn.training.run_settings import find_source
from tinygrad_rnn.training.series import read_series
from tinygrad_rnn.training.text import encode, read_text

TEXT = "to be or not to be, that is the question: whether to be or not. " * 20


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "is empty"),
        (b"abc\xffdef", "not text in UTF-8: byte 0xff at offset 3"),
        ("\u00e9t\u00e9".encode() + b"\x00", "control character 0x00 at offset 5"),
        (b"\x89PNG\r\n\x1a\n", "byte 0x89 at offset 0"),
        (b"caf\xc3", "byte 0xc3 at offset 3"),
    ],
)
def test_what_is_no_text_is_refused(contents, message, tmp_path):
    (tmp_path / "file").write_bytes(contents)
    with pytest.raises(DataError, match=message):
        read_text(tmp_path / "file")


def test_a_text_keeps_its_line_ends_and_letters(tmp_path):
    (tmp_path / "file").write_bytes("a\r\nb\té\U0001f600".encode())
    text = read_text(tmp_path / "file")
    assert text == "a\r\nb\té\U0001f600"
    alphabet = "".join(sorted(set(text)))
    assert [alphabet[code] for code in encode(text, alphabet, "")] == list(text)
    with pytest.raises(DataError, match="here: 'z', character 2, is not among"):
        encode("az", alphabet, "here")


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("", "is empty"),
        ("a,b\n", "a header and no numbers"),
        ("a,b\n1,2\n3,\n", "line 3: a gap in column 2"),
        ("a,b\n1,2\n3\n", "line 3: a gap in column 2"),
        ("a,b\n1,2\n\n3,4\n", "line 3: a gap"),
        ("a,b\n1,two\n", "line 2: 'two' in column 2 is no number"),
        ("a,b\n1,2\n1,nan\n", "line 3: nan in column 2 is not finite"),
        ("a,b\n1,-inf\n", "line 2: -inf in column 2 is not finite"),
        ("a,b\n1,1e999\n", "line 2: 1e999 in column 2 is not finite"),
        ('a,b\n1,"2\n', "line 2: "),
        ("1,2\n3,4\n", "has no header: its first line is 1, 2; put a line of names before it"),
    ],
)
def test_what_is_no_series_is_refused_by_line(contents, message, tmp_path):
    (tmp_path / "file.csv").write_text(contents)
    with pytest.raises(DataError, match=message):
        read_series(tmp_path / "file.csv")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["5"], "too few: 0 of 1"),
        (["5"] * 30, "all the same"),
        ([f"{t}e307" for t in range(9)], "too large"),
    ],
)
def test_numbers_that_cannot_be_learnt_from_are_refused(rows, message, tmp_path):
    (tmp_path / "file.csv").write_text("x\n" + "\n".join(rows))
    with pytest.raises(DataError, match=f"the numbers to learn from are {message}"):
        find_source(tmp_path / "file.csv", None, 0.1)


def test_a_header_of_numbers_is_one_where_a_column_is_named_by_it(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("1990,1991\n5,6\n7,8\n")
    np.testing.assert_array_equal(read_series(path, "1991"), [6, 8])


def test_a_series_is_a_column_by_name_or_number(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"\xef\xbb\xbfyear, number\r\n1700,5.5\r\n1701,-1e1\r\n")
    for column in (None, "number", "2"):
        np.testing.assert_array_equal(read_series(path, column), [5.5, -10.0])
    np.testing.assert_array_equal(read_series(path, "year"), [1700, 1701])
    for column in ("3", "0", "month"):
        with pytest.raises(DataError, match=f"no column '{column}'; its columns are year, number"):
            read_series(path, column)
    path.write_bytes(b"a\n\xff\n")
    with pytest.raises(DataError, match="not text in UTF-8: offset 2"):
        read_series(path)


def witten_bell(text, alphabet, history, character):
    """The definition, by counting anew for every question."""
    p = 1 / len(alphabet)
    for n in range(len(history) + 1):
        context = history[len(history) - n :]
        after = [text[i + n] for i in range(len(text) - n) if text.startswith(context, i)]
        if after:
            different = len(set(after))
            p = (after.count(character) + different * p) / (len(after) + different)
    return p


@pytest.mark.parametrize("order", [0, 1, 2, 3, 5])
def test_an_n_gram_s_probabilities_are_those_of_the_definition(order):
    alphabet = "".join(sorted(set(TEXT))) + "z"
    text, other = TEXT[:90], "to bee or the quiz: hot"
    model = NGram(encode(text, alphabet, ""), order, len(alphabet))
    found = model.probabilities(encode(other, alphabet, ""))
    expected = [
        witten_bell(text, alphabet, other[max(0, i - order + 1) : i], c) if order else 1 / len(alphabet)
        for i, c in enumerate(other)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert model.nats(encode(other, alphabet, "")) == pytest.approx(-np.mean(np.log(expected)), rel=1e-12)


def test_an_n_gram_s_probabilities_sum_to_one():
    codes = encode(TEXT, alphabet := "".join(sorted(set(TEXT))), "")
    model = NGram(codes, 4, len(alphabet))
    for history in (codes[:3], codes[50:53], np.array([0, 0, 0])):
        last = [model.probabilities(np.append(history, c))[-1] for c in range(len(alphabet))]
        assert sum(last) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("codes", [np.array([0, 2]), np.array([-1, 0]), np.array([0.5, 1.0])])
def test_an_n_gram_refuses_what_is_no_code(codes):
    with pytest.raises(tg.SettingError, match="codes are integers from 0 to 1"):
        NGram(codes, 1, 2)
    with pytest.raises(tg.SettingError, match="codes are integers from 0 to 1"):
        NGram(np.array([0, 1]), 1, 2).nats(codes)


def test_higher_orders_know_more():
    codes = encode(TEXT, alphabet := "".join(sorted(set(TEXT))), "")
    split = len(codes) * 9 // 10
    nats = [NGram(codes[:split], order, len(alphabet)).nats(codes[split:]) for order in range(6)]
    assert nats[0] == pytest.approx(math.log(len(alphabet)), rel=1e-12)
    assert nats == sorted(nats, reverse=True)
    with pytest.raises(tg.SettingError, match="order 40 over 65"):
        NGram(codes, 40, 65)


def test_the_adding_problem():
    xs, sums = adding_problem(50, 20_000, np.random.default_rng(0))
    numbers, marks = xs[..., 0], xs[..., 1]
    assert (marks[:25].sum(axis=0) == 1).all()
    assert (marks[25:].sum(axis=0) == 1).all()
    np.testing.assert_array_equal(sums[:, 0], (numbers * marks).sum(axis=0))
    assert np.mean((sums - 1) ** 2) == pytest.approx(1 / 6, abs=0.004)  # the standard error is 0.0014
    with pytest.raises(tg.SettingError, match="at least 2 steps"):
        adding_problem(1, 1, np.random.default_rng(0))


def test_copy_memory():
    xs, targets = copy_memory(30, 4, np.random.default_rng(0))
    assert xs.shape == targets.shape == (50, 4)
    assert xs[:10].max() < 8
    assert (xs[10:39] == 8).all()
    assert (xs[39] == 9).all()
    assert (xs[40:] == 8).all()
    assert (targets[:40] == 8).all()
    np.testing.assert_array_equal(targets[40:], xs[:10])
    guess = np.full((50, 4, 9), 1e-300)
    guess[:40, :, 8] = 1
    guess[40:, :, :8] = 1 / 8
    nats = -np.log(np.take_along_axis(guess, targets[..., None], axis=-1)).mean()
    assert memoryless_nats(30) == pytest.approx(nats, rel=1e-12)
    with pytest.raises(tg.SettingError, match="delay is at least 1"):
        copy_memory(0, 1, np.random.default_rng(0))
