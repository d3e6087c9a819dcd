"""Colours and scales: monotone, true to viridis, legible, with the right numbers beside them."""

import itertools
import math
import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.drawing.paper import read
from tests.drawing.test_backward import random_elman
from tinygrad_rnn.drawing.basics.colours import diverging, letters_on, luminance, mix, sequential
from tinygrad_rnn.drawing.basics.scales import MOST_DECADES, LogScale, power_of_ten
from tinygrad_rnn.drawing.basics.theme import THEMES

PARTS = np.linspace(0, 1, 101)


def channels(colour):
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])


def test_the_colours_of_sizes_are_viridis():
    colormaps = pytest.importorskip("matplotlib").colormaps
    for part in PARTS:
        expected = 255 * np.array(colormaps["viridis"](part)[:3])
        np.testing.assert_allclose(channels(sequential(part, THEMES["dark"])), expected, atol=5)  # of 255: two percent


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_larger_the_farther_from_the_background(theme):
    distances = [abs(luminance(sequential(part, theme)) - luminance(theme.background)) for part in PARTS]
    assert all(one < other for one, other in itertools.pairwise(distances))


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_numbers_of_either_sign_part_from_the_colour_of_zero(theme):
    for sign in (-1, 1):
        colours = [channels(diverging(sign * part, theme)) for part in np.linspace(0, 1, 21)]
        distances = [np.linalg.norm(colour - colours[0]) for colour in colours]
        assert all(one < other for one, other in itertools.pairwise(distances))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_below_zero_are_orange_and_those_above_blue(theme):
    low, high = channels(diverging(-1, THEMES[theme])), channels(diverging(1, THEMES[theme]))
    assert low[0] > low[2]
    assert high[2] > high[0]


def lightness(colour):
    """L* of CIELAB, from 0 for black to 100 for white."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_lightness_alone_tells_sizes_in_even_steps(theme):
    steps = np.diff([lightness(sequential(part, theme)) for part in np.linspace(0, 1, 11)])
    assert np.all(steps > 3) or np.all(steps < -3)
    assert np.abs(steps).max() < 2 * np.abs(steps).mean()


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_lightness_alone_tells_magnitudes(theme, sign):
    steps = np.diff([lightness(diverging(sign * part, theme)) for part in np.linspace(0, 1, 11)])
    assert np.all(steps > 2) or np.all(steps < -2)


def test_print_has_no_colours():
    run = random_elman(3)
    for settings in ({"values": True, "gradients": True}, {"backward": True}, {"detail": "cells"}):
        source = tg.draw(run, theme="print", **settings).source
        assert {colour for colour in re.findall(r"#\w{6}", source) if len({*channels(colour)}) > 1} == set()


def test_letters_can_be_read_on_every_fill():
    for part in PARTS:
        fill = sequential(part, THEMES["light"])
        light, dark = sorted((luminance(fill), luminance(letters_on(fill))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.5


def test_mixing():
    assert mix("#000000", "#FFFFFF", 0.5) == "#808080"
    assert mix("#102030", "#FFFFFF", 0.0) == "#102030"


@pytest.mark.parametrize(
    ("norms", "ticks"),
    [
        ([1.0], [-1, 0]),
        ([], [-1, 0]),
        ([0.0, 0.5, 2.0], [-1, 0, 1]),
        ([1e-3, 1.0], [-3, -2, -1, 0]),
        ([1e-9, 1.0], [-10, -8, -6, -4, -2, 0]),
        ([3e4, 7e6], [4, 5, 6, 7]),
        ([math.inf, 10.0], [0, 1]),
    ],
)
def test_ticks_are_whole_decades_around_all_norms(norms, ticks):
    scale = LogScale(norms)
    assert scale.ticks == ticks
    parts = [scale.part(norm) for norm in norms if norm]
    assert all(0 <= part <= 1 for part in parts)


def test_norms_far_below_the_largest_are_drawn_as_the_smallest():
    scale = LogScale([1.0, 1e-300])
    assert scale.ticks[0] == -MOST_DECADES
    assert (scale.part(1e-300), scale.part(1.0), scale.part(math.nan)) == (0.0, 1.0, 1.0)


def test_powers_of_ten():
    assert [power_of_ten(exponent) for exponent in (-12, 0, 3)] == ["10⁻¹²", "10⁰", "10³"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_legend_has_the_ticks_and_the_colours_at_its_ends(theme):
    source = tg.draw(random_elman(6, radius=0.3), backward=True, theme=theme).source
    norms = [float(norm) for norm in re.findall(r'norm="([^"]+)"', source)]
    legend = next(line for line in source.splitlines() if line.startswith("l0 "))
    ticks = re.findall(r">(10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)<", legend)
    assert ticks == [power_of_ten(exponent) for exponent in LogScale(norms).ticks]
    colours = re.findall(r'BGCOLOR="(#\w+)"', legend)
    assert colours[0] == sequential(0.0, THEMES[theme])
    assert sequential(1.0, THEMES[theme]) in colours
    assert "zero" in legend
    assert "no&#160;gradient" in legend


def test_the_legend_names_the_whole_gradients_of_the_parameters():
    source = tg.draw(random_elman(3), backward=True).source
    legend = next(line for line in source.splitlines() if line.startswith("l1 "))
    assert legend.count("<SUB>") == 5


def test_each_layer_has_states_of_the_same_colours():
    paper = read(tg.draw(tg.nn.LSTM(2, 3, num_layers=2).unroll(np.ones((3, 2))), detail="variables"))
    kinds = THEMES["light"].kinds
    for layer in (1, 2):
        assert paper.called(f"h_2^({layer})").colour == kinds["state"].pen
        assert paper.called(f"c_2^({layer})").colour == kinds["second state"].pen
