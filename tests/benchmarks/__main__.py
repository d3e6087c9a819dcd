"""`python -m tests.benchmarks` measures everything and writes docs/benchmarks.md and docs/benchmarks.json."""

import os

# One thread for every library that reads these, which they do when they are imported.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from .report import main

main()
