"""Parameters go to PyTorch and back in safetensors files."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_rnn as tg

needs_pytorch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
LAYERS = ["RNN", "LSTM", "GRU"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_file_gives_back_what_was_saved(layer, dtype, tmp_path):
    saved, loaded = (getattr(tg.nn, layer)(3, 4, 2, bidirectional=True, seed=seed, dtype=dtype) for seed in (1, 2))
    tg.nn.save_state(tmp_path / "state", saved)
    tg.nn.load_state(tmp_path / "state", loaded)
    for name, value in saved.state_dict().items():
        assert (loaded.state_dict()[name] == value).all()


@needs_pytorch
@pytest.mark.parametrize("layer", LAYERS)
class TestPyTorch:
    def test_reads_our_files(self, layer, tmp_path):
        import torch
        from safetensors.torch import load_file

        ours = getattr(tg.nn, layer)(3, 4, 2, bidirectional=True)
        theirs = getattr(torch.nn, layer)(3, 4, 2, bidirectional=True, dtype=torch.float64)
        tg.nn.save_state(tmp_path / "state", ours)
        theirs.load_state_dict(load_file(tmp_path / "state"))
        self.assert_same(ours, theirs)

    def test_writes_ours(self, layer, tmp_path):
        import torch
        from safetensors.torch import save_file

        ours = getattr(tg.nn, layer)(3, 4, 2, bidirectional=True)
        theirs = getattr(torch.nn, layer)(3, 4, 2, bidirectional=True, dtype=torch.float64)
        save_file(theirs.state_dict(), tmp_path / "state")
        tg.nn.load_state(tmp_path / "state", ours)
        self.assert_same(ours, theirs)

    def test_gives_arrays_under_our_names(self, layer):
        import torch

        ours = getattr(tg.nn, layer)(3, 4)
        theirs = getattr(torch.nn, layer)(3, 4, dtype=torch.float64)
        ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
        self.assert_same(ours, theirs)

    @staticmethod
    def assert_same(ours, theirs):
        import torch

        xs = np.random.default_rng(0).normal(size=(5, 2, 3))
        expected = theirs(torch.tensor(xs))[0].detach().numpy()
        np.testing.assert_allclose(ours(xs)[0].data, expected, rtol=0, atol=1e-13)  # numbers between −1 and 1
        assert list(ours.state_dict()) == list(theirs.state_dict())


class TestRefusals:
    @pytest.mark.parametrize(
        ("make", "place"),
        [
            (lambda: tg.nn.GRU(2, 3, reset_after=False), "the GRU has"),
            (lambda: tg.nn.GRUCell(2, 3, reset_after=False), "the GRU has"),
            (lambda: tg.nn.Sequential(tg.tanh, tg.nn.GRU(2, 3, reset_after=False)), "the GRU at 1 has"),
        ],
    )
    def test_of_a_gru_that_pytorch_would_misread(self, make, place, tmp_path):
        with pytest.raises(tg.SettingError, match=rf"{place} its reset gate before the product .*PyTorch"):
            tg.nn.save_state(tmp_path / "state", make())
        assert not (tmp_path / "state").exists()
        tg.nn.save_state(tmp_path / "state", tg.nn.GRU(2, 3))
        with pytest.raises(tg.SettingError, match=place):
            tg.nn.load_state(tmp_path / "state", make())

    def test_of_files_of_another_module(self, tmp_path):
        tg.nn.save_state(tmp_path / "state", tg.nn.LSTM(2, 3))
        with pytest.raises(tg.ShapeError, match=r"weight_ih_l0 has the shape \(9, 2\)"):
            tg.nn.load_state(tmp_path / "state", tg.nn.GRU(2, 3))
        with pytest.raises(tg.SettingError, match=r"missing for: weight_ih, .*unknown.*: .*weight_ih_l0"):
            tg.nn.load_state(tmp_path / "state", tg.nn.RNNCell(2, 3, bias=False))

    @pytest.mark.parametrize("contents", [b"", b"PK\x03\x04 and so on", b"\x02\x00\x00\x00\x00\x00\x00\x00{]"])
    def test_of_files_of_another_kind(self, contents, tmp_path):
        (tmp_path / "state").write_bytes(contents)
        with pytest.raises(tg.SettingError, match="state is not a safetensors file"):
            tg.nn.load_state(tmp_path / "state", tg.nn.LSTM(2, 3))

    def test_of_places_that_cannot_be_written(self, tmp_path):
        with pytest.raises(OSError, match=r"cannot write .*nowhere/state: No such file or directory"):
            tg.nn.save_state(tmp_path / "nowhere" / "state", tg.nn.LSTM(2, 3))

    def test_without_the_package_name_the_extra(self, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "safetensors", None)
        monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
        with pytest.raises(ImportError, match=r"pip install 'tinygrad-rnn\[cli\]'"):
            tg.nn.save_state(tmp_path / "state", tg.nn.LSTM(2, 3))


def test_the_package_is_not_imported_before_it_is_needed():
    code = "import sys, tinygrad_rnn; sys.exit('safetensors' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
