"""The map of the room in its docstring."""

import re
from pathlib import Path

from tinygrad_rnn import drawing


def test_the_map_names_every_module_and_folder_and_no_other():
    root = Path(drawing.__file__).parent
    modules = {path.stem for path in root.rglob("*.py")} - {"__init__"}
    folders = {f"{path.name}/" for path in root.iterdir() if path.is_dir() and path.name.isalpha()}
    assert set(re.findall(r"`(\w+/?)`", drawing.__doc__)) == modules | folders | {"draw"}
