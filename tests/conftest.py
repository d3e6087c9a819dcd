"""How the tests run: what hypothesis draws is the same in every run, and no test leaves a setting behind."""

import pytest
from hypothesis import settings

from tests.support import no_setting_left

settings.register_profile("deterministic", derandomize=True, database=None, deadline=None, max_examples=50)
settings.load_profile("deterministic")


@pytest.fixture(autouse=True)
def nothing_leaks():
    """Fail where a test ends inside a step, scope, no_grad, backward pass or detect_anomaly that it did not leave."""
    with no_setting_left():
        yield
