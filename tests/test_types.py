"""What type checkers make of the public names."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.programs import python_program

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "tests" / "typed" / "sample.py"


@pytest.mark.slow  # a type checker reads all that the sample imports
@pytest.mark.parametrize("arguments", [("mypy", "--strict"), ("pyright", "--pythonpath", sys.executable)])
def test_the_types_of_the_sample_are_inferred(arguments):
    module, *options = arguments
    command = [*python_program(module, package=module), *options, str(SAMPLE)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow  # pyright reads the whole package
@pytest.mark.skipif(not (ROOT / ".ci").is_dir(), reason="a source distribution has no .ci")
def test_the_types_of_the_public_names_are_known():
    python_program("pyright", package="'pyright[nodejs]'")
    checked = subprocess.run([sys.executable, ".ci/known_types.py"], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
