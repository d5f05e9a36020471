"""Each Python block of the README is run as a user would run it: a program of its own, against the sandbox."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from itnio_async import ENDPOINTS
from itnio_async.sandbox import Sandbox

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)

PYTEST = ("-m", "pytest", "-q", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")

# What a block prints, where it prints something.
PRINTED = {
    "created": r"created \d+",
    "answer.data": r"0 6 1",
    "bot(": r"6 trunks match 'trunk'\n0 trunks match 'nothing'",
    "gather(": r"2 updated, 0 failed Stats\(",
    "patient": r"^6$",
    "SigningTransport": r"^6$",
    "Job(": r"^trunks.csv line 2 trunk00001 update sip_prefix: \(nothing\) -> 9\n(.*\n)*^finished True$",
}


async def run(program, *arguments, environment):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", *arguments, program.name),
        cwd=program.parent,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.parametrize("number", range(len(BLOCKS)))
async def test_python_block(number, tmp_path):
    block = BLOCKS[number]
    program = tmp_path / "test_block.py"
    program.write_text(block, encoding="utf-8")
    (tmp_path / "trunks.csv").write_text("key_id,sip_prefix\n1,9\n3,9\n")
    if "def test_" in block:
        status, output = await run(program, *PYTEST, environment=dict(os.environ))
        assert status == 0, output
        return
    async with Sandbox(trunks=6) as sandbox:
        environment = os.environ | {
            "ITNIO_API_KEY": sandbox.api_key,
            "ITNIO_API_SECRET": sandbox.api_secret,
            "ITNIO_BASE_URL": sandbox.url,
        }
        status, output = await run(program, environment=environment)
        asked = bool(sandbox.requests)
    assert status == 0, output
    assert "asyncio.run(" not in block or asked
    for part, pattern in PRINTED.items():
        if part in block:
            assert re.search(pattern, output, re.MULTILINE), output


def test_there_are_exactly_two_commands():
    section = re.search(r"^## Two commands\n(.*?)^## ", README, re.DOTALL | re.MULTILINE)[1]
    fences = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert len(fences) == 2
    for fence in fences:
        assert fence.count("\n") == 1
        assert not fence.startswith(("$", ">"))
        assert not fence.rstrip().endswith("\\")


def test_the_table_of_endpoints_is_complete():
    rows = re.findall(r"^\| (GET|POST|PUT) \| `(\S+)` \| `client\.", README, re.MULTILINE)
    assert sorted(rows) == sorted((endpoint.method, endpoint.path) for endpoint in ENDPOINTS)


def test_the_table_of_errors_names_every_class():
    import itnio_async.errors as errors

    classes = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.ItnioError)
    }
    # The three that are only there to be caught by.
    assert classes - {"ItnioError", "TransportError", "TransientError"} <= set(re.findall(r"`(\w+)`", README))
