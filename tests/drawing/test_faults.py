"""No drawing has marks that overlap, lines that run through marks, or lines that end in nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.drawing.cells import NETWORKS
from tests.drawing.oddities import ODDITIES
from tests.drawing.paper import faults
from tests.drawing.random_graphs import step_graphs

DETAILS, VIEWS = ("ops", "variables", "cells"), ("unrolled", "folded")
GRAPHS = {**ODDITIES, **NETWORKS}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_drawing_has_no_faults(name, detail, view):
    assert faults(tg.draw(GRAPHS[name](), detail=detail, view=view)) == {}


@settings(max_examples=60)
@given(step_graphs(), st.sampled_from(DETAILS), st.sampled_from(VIEWS))
def test_the_drawing_of_a_random_graph_has_no_faults(graph, detail, view):
    assert faults(tg.draw(graph, detail=detail, view=view)) == {}
