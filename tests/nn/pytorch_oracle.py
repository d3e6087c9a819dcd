"""What PyTorch makes of a case: outputs, final states and all gradients, under one set of names."""

from __future__ import annotations

import torch
from recurrent_cases import HIDDEN, INPUT, Array, Case
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def results(case: Case) -> dict[str, Array]:
    """Every array that the library's own results are held against."""
    layer = getattr(torch.nn, case.layer)(INPUT, HIDDEN, **case.settings, dtype=torch.float64)
    layer.load_state_dict({name: torch.tensor(value) for name, value in case.parameters.items()})
    inputs = {name: torch.tensor(value, requires_grad=True) for name, value in case.inputs.items()}
    xs, *states = inputs.values()
    state = tuple(states) if len(states) == 2 else states[0]
    if case.lengths is None:
        outputs, final = layer(xs, state)
    else:
        packed = pack_padded_sequence(xs, torch.tensor(case.lengths), case.batch_first, enforce_sorted=False)
        outputs, final = layer(packed, state)
        outputs, _ = pad_packed_sequence(outputs, case.batch_first)
    h_n, *c_n = final if isinstance(final, tuple) else (final,)
    found = {"outputs": outputs, "h_n": h_n, **({"c_n": c_n[0]} if c_n else {})}
    loss = sum((value * torch.tensor(case.weights(name, tuple(value.shape)))).sum() for name, value in found.items())
    loss.backward()
    leaves = {**inputs, **dict(layer.named_parameters())}
    return {
        **{name: value.detach().numpy() for name, value in found.items()},
        **{f"gradient of {name}": leaf.grad.numpy() for name, leaf in leaves.items()},
    }
