"""Write down what PyTorch computes, for machines without it: `python tests/nn/make_golden.py`."""

import numpy as np
import pytorch_oracle
from recurrent_cases import CASES, GOLDEN, probe

if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, **{str(case): probe(pytorch_oracle.results(case)) for case in CASES})
    print(f"{GOLDEN}: {len(CASES)} cases, {GOLDEN.stat().st_size / 1000:.0f} kB")
