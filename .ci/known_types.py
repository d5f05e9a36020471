"""Tell how much of the package's public names pyright knows the whole type of, and fail where that is too little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

LEAST = 0.98


def main() -> int:
    """Run `pyright --verifytypes`, which wheels bring along with its Node.js: nothing is downloaded for it."""
    # It looks for the packages of the first `python` in the PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "pyright", "--verifytypes", "itnio_async", "--ignoreexternal", "--outputjson"]
    checked = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PATH": path}, check=False)  # noqa: S603
    found = json.loads(checked.stdout)["typeCompleteness"]
    for symbol in found["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            for diagnostic in symbol["diagnostics"]:
                sys.stdout.write(f"{symbol['name']}: {' '.join(diagnostic['message'].split())}\n")
    score = found["completenessScore"]
    sys.stdout.write(f"The types of {score:.1%} of the public names are known whole; {LEAST:.0%} are wanted.\n")
    return score < LEAST


if __name__ == "__main__":
    sys.exit(main())
