"""`python -m tinygrad_rnn`: the command line."""

import sys

from tinygrad_rnn.cli import main

sys.exit(main())
