"""Print the lowest version that pyproject.toml allows of each dependency, as constraints for pip."""

import re
import sys
import tomllib
from itertools import chain
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
for requirement in chain(project["dependencies"], *project["optional-dependencies"].values()):
    if found := re.match(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)", requirement):
        sys.stdout.write(f"{found[1]}=={found[2]}\n")
