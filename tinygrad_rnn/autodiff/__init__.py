"""Derivatives of what a graph computes, by one walk over it."""

from tinygrad_rnn.autodiff.anomaly import detect_anomaly
from tinygrad_rnn.autodiff.checking import check_gradients
from tinygrad_rnn.autodiff.checkpointing import checkpoint, checkpoint_sequence
from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.autodiff.higher import hessian, hvp, jacobian, value_and_grad
from tinygrad_rnn.autodiff.reverse import Event, backward, grad, trace_backward
from tinygrad_rnn.node import Tensor

setattr(Tensor, "backward", backward)  # noqa: B010  declared in `Methods`; a plain assignment would not type-check

__all__ = [
    "Event", "check_gradients", "checkpoint", "checkpoint_sequence", "detect_anomaly", "grad", "hessian", "hvp",
    "jacobian", "jvp", "trace_backward", "value_and_grad",
]  # fmt: skip
