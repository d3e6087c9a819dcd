"""How the tests run: what hypothesis draws is the same in every run."""

from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, database=None, deadline=None, max_examples=50)
settings.load_profile("deterministic")
