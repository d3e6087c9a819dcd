"""How the tests run: what hypothesis draws is the same in every run, and no test leaves a setting behind."""

import pytest
from hypothesis import settings

from tinygrad_rnn import node

settings.register_profile("deterministic", derandomize=True, database=None, deadline=None, max_examples=50)
settings.load_profile("deterministic")


@pytest.fixture(autouse=True)
def nothing_leaks():
    """Fail where a test ends inside a step, scope, no_grad, backward pass or detect_anomaly that it did not leave."""
    before = node.current_context()
    yield
    after = node.current_context()
    node._context.set(before)
    assert after is before, f"a setting was not left: nodes are now made in the context {after}"
