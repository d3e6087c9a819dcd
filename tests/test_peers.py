"""docs/peers.py: that torchviz and TorchLens are given the gallery's networks, and draw what docs shows of them."""

import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS))

pytestmark = pytest.mark.filterwarnings("ignore")  # what the three packages say about each other


@pytest.fixture(scope="module")
def peers():
    """docs/peers.py."""
    with warnings.catch_warnings(action="ignore"):
        for package in ("torch", "torchviz", "torchlens"):
            pytest.importorskip(package)
        import peers
    return peers


def test_the_networks_compute_what_the_gallerys_compute(peers):
    ones = np.ones((4, 2))
    run = tg.nn.ElmanRNN(2, 3, 1).unroll(ones[:3], np.ones((3, 1)))
    ours = {"elman-subscript": [run.loss], "lstm": tg.nn.LSTM(2, 3).unroll(ones[:3]).outputs,
            "two-layers": tg.nn.LSTM(2, 3, num_layers=2).unroll(ones).outputs}  # fmt: skip
    assert ours.keys() == peers.NETWORKS.keys()
    for name, make in peers.NETWORKS.items():
        network = make()
        theirs = network.module(*network.inputs)
        for output, expected in zip(theirs if isinstance(theirs, list) else [theirs], ours[name], strict=True):
            np.testing.assert_allclose(output.detach().numpy().squeeze(), expected.data, rtol=1e-12)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's dot is not installed")
def test_the_pictures_in_docs_are_those_that_are_drawn_now(peers, tmp_path):
    import gallery_peers

    peers.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in peers.FOLDER.iterdir()}
    for path in tmp_path.glob("*.svg"):
        assert gallery_peers.count_nodes(path) == gallery_peers.count_nodes(peers.FOLDER / path.name) > 10, path.name
    assert gallery_peers.COMPARED.keys() == peers.NETWORKS.keys()
