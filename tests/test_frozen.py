"""A program frozen by PyInstaller: the command's subcommands, workbooks and the report's page are in it."""

import json
import os
import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from openpyxl import Workbook
from support.programs import python_program

from itnio_async import ENDPOINTS
from itnio_async.sandbox import Sandbox

PROGRAM = """
import sys
import itnio_async
from itnio_async.cli import main

if sys.argv[1:] == ["endpoints"]:
    print(len(itnio_async.ENDPOINTS))
else:
    sys.exit(main())
"""
COMMANDS = ("list", "update", "add", "export", "plan", "apply", "report", "undo")


def workbook(path: Path) -> None:
    book = Workbook()
    book.active.append(["key_id", "sip_prefix"])
    book.active.append([1, "9"])
    book.save(path)


@pytest.mark.slow  # PyInstaller reads every module that the program may import
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not any(found.value.startswith("itnio_async") for found in entry_points(group="pyinstaller40")), reason="a checkout"
)
def test_a_frozen_command_has_all_its_parts(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(PROGRAM)
    workbook(tmp_path / "trunks.xlsx")
    # Large, and not a part of what is tried.
    left_out = [part for name in ("distributed", "dask", "numpy", "pandas") for part in ("--exclude-module", name)]
    freeze = [*python_program("PyInstaller", package="pyinstaller"), "--log-level", "ERROR", "--onedir", *left_out]
    subprocess.run([*freeze, "tool.py"], cwd=tmp_path, check=True, capture_output=True)
    with Sandbox(trunks=2) as sandbox:
        account = {
            "ITNIO_API_KEY": sandbox.api_key,
            "ITNIO_API_SECRET": sandbox.api_secret,
            "ITNIO_BASE_URL": sandbox.url,
        }

        def run(*arguments: str) -> str:
            command = [str(tmp_path / "dist" / "tool" / "tool"), *arguments]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, **account})
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        assert "gateway address" in run("codes", "-53")
        # Families are imported by their names.
        assert int(run("endpoints")) == len(ENDPOINTS)
        for command in COMMANDS:
            assert f"trunks {command}" in run("trunks", command, "--help")
        assert "trunk00001" in run("trunks", "list")
        run("trunks", "apply", "trunks.xlsx", "--yes", "--html", "page.html")
        assert [trunk.sip_prefix for trunk in sandbox.trunks][:1] == ["9"]
        assert "<style>" in (tmp_path / "page.html").read_text()
    assert json.loads(run("demo", "--json"))["all_well"]
