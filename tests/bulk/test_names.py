"""The names of `itnio_async.bulk`, and that they load with their first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from itnio_async import bulk

# What is there without a job.
RUNS = {"BulkRun", "Outcome"}


@pytest.mark.parametrize("name", bulk.__all__)
def test_each_name_is_there(name):
    value = getattr(bulk, name)
    assert value.__name__ == name
    assert value.__module__.startswith("itnio_async.runs." if name in RUNS else "itnio_async.bulk.")
    assert value.__doc__


def test_the_names_are_those_that_load_and_no_others():
    assert len(set(bulk.__all__)) == len(bulk.__all__)
    assert {*" ".join(bulk._NAMES.values()).split(), *RUNS} == set(bulk.__all__)
    assert set(bulk.__all__) <= set(dir(bulk))
    assert "__all__" in dir(bulk)


def test_a_star_import_has_them_all():
    names: dict[str, object] = {}
    exec("from itnio_async.bulk import *", names)
    assert set(bulk.__all__) <= names.keys()


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"'itnio_async\.bulk' has no attribute 'nonsense'"):
        _ = bulk.nonsense


def loaded(code):
    """Return which of the package's modules a fresh interpreter has after the code."""
    script = f"import sys\n{code}\nprint(*(name for name in sys.modules if name.startswith('itnio_async.')))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    return {name.removeprefix("itnio_async.") for name in run.stdout.split()}


# Reads its source to the end, and sends nothing.
NO_UPDATES = """
import asyncio, itnio_async
async def main():
    async with itnio_async.AsyncClient("key", "made-up-secret") as client, client.sip_trunks.update_many([]) as run:
        assert [outcome async for outcome in run] == []
asyncio.run(main())
"""


@pytest.mark.parametrize("code", ["import itnio_async.bulk", NO_UPDATES, "from itnio_async import BulkRun, Outcome"])
def test_many_calls_load_nothing_of_jobs(code):
    assert {"runs.run", "runs.outcome"} <= loaded(code)
    assert not {name for name in loaded(code) if name.startswith("bulk.")}


def test_one_name_loads_what_it_takes():
    code = "from itnio_async.bulk import Place"
    assert {name for name in loaded(code) if name.startswith("bulk.")} == {"bulk.files", "bulk.files.places"}
