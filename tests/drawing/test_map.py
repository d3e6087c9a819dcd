"""The map of the room in its docstring."""

import re
from pathlib import Path

from tinygrad_rnn import drawing


def test_the_map_names_every_module_and_no_other():
    modules = {path.stem for path in Path(drawing.__file__).parent.glob("*.py")} - {"__init__"}
    others = {"draw", "web"}
    assert set(re.findall(r"`(\w+)`", drawing.__doc__)) == modules | others
