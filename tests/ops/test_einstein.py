"""Einstein sums: numpy's whole notation, against numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.support import check_derivatives, real

LENGTHS = {"i": 2, "j": 3, "k": 2, "l": 1}


def operands(*shapes):
    rng = np.random.default_rng(0)
    return [real(rng, shape) for shape in shapes]


def check(subscripts, *arrays, **keywords):
    expected = np.einsum(subscripts, *arrays)
    y = np.einsum(subscripts, *map(tg.parameter, arrays), **keywords)
    assert (y.shape, y.dtype) == (np.shape(expected), expected.dtype)
    np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-14)
    check_derivatives(lambda *xs: tg.einsum(subscripts, *xs, **keywords), *arrays)


@settings(max_examples=150)
@given(st.lists(st.text("ijkl", max_size=3), min_size=1, max_size=3), st.data())
def test_any_letters(terms, data):
    """Repeated letters, letters that one operand alone has, and results with any of them in any order."""
    letters = sorted(set("".join(terms)))
    result = "".join(data.draw(st.permutations(letters)))[: data.draw(st.integers(0, 4))]
    arrow = data.draw(st.sampled_from(["", "->" + result]))
    arrays = operands(*[[LENGTHS[letter] for letter in term] for term in terms])
    check(",".join(terms) + arrow, *arrays)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("...ij,...jk->...ik", [(4, 2, 3), (4, 3, 2)]), ("...ij,...jk", [(4, 2, 3), (3, 2)]),
        ("i...->...i", [(2, 3, 4)]), ("...,...->...", [(2, 3), (3,)]), ("...i,...i->...", [(1, 2, 3), (4, 1, 3)]),
        ("...ii->...i", [(2, 3, 3)]), ("i...i", [(3, 2, 3)]), ("...", [()]), ("i...,i->i", [(3,), (3,)]),
        (" ij , jk -> ki ", [(2, 3), (3, 2)]), ("ij,ij->ij", [(1, 3), (2, 3)]), ("ij,ij", [(1, 3), (2, 1)]),
        ("bA,Ab", [(2, 3), (3, 2)]), ("ijk,lji,lli->lki", [(3, 4, 4), (4, 4, 3), (4, 4, 3)]), ("iii->i", [(2, 2, 2)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("optimize", [False, True])
def test_numpys_notation(subscripts, shapes, optimize):
    check(subscripts, *operands(*shapes), optimize=optimize)


def test_lists_of_labels():
    a, b = operands((2, 3), (3, 2))
    x, y = tg.parameter(a), tg.parameter(b)
    np.testing.assert_allclose(np.einsum(x, [0, 1], y, [1, 2], [2, 0]).data, (a @ b).T, rtol=1e-14)
    np.testing.assert_allclose(np.einsum(x, [7, 3], y, [3, 5]).data, np.einsum(a, [7, 3], b, [3, 5]), rtol=1e-14)
    np.testing.assert_allclose(np.einsum(x, [..., 1], [1, ...]).data, a.T, rtol=1e-14)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ij,jk", [[1.0]]), ("ij", [1.0]), ("i->q", [1.0]), ("i;", [1.0]), ("...i->i", [[1.0]]),
        ("i,i", [1.0, 2.0], [1.0] * 3),
        ("ii", [[1.0, 2.0]]), ("i->ii", [1.0]), (),
    ],
)  # fmt: skip
def test_what_is_refused(arguments):
    with pytest.raises(tg.ShapeError, match=r"^einsum"):
        tg.einsum(*arguments)
