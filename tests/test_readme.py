"""The READMEs do what they say: their programs, commands, outputs, links and tables are tried."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
from support.programs import python_program

import itnio_async
from itnio_async import ENDPOINTS
from itnio_async.cli import main
from itnio_async.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
PATHS = (
    "README.md",
    "itnio_async/README.md",
    "itnio_async/api/README.md",
    "itnio_async/api/sip_trunks/README.md",
    "itnio_async/bulk/README.md",
    "itnio_async/sandbox/README.md",
)
PAGES = {path: (ROOT / path).read_text(encoding="utf-8") for path in PATHS}
README = PAGES["README.md"]
TRUNKS_README = PAGES["itnio_async/api/sip_trunks/README.md"]
SANDBOX_README = PAGES["itnio_async/sandbox/README.md"]

PYTEST = ("-m", "pytest", "-q", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")


@attrs.frozen
class Program:
    """A Python block of a page, and the block of text below it: what it prints."""

    path: str
    number: int
    code: str
    output: str | None

    def __str__(self) -> str:
        return f"{self.path.removeprefix('itnio_async/')}-{self.number}"


_PYTHON = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)

PROGRAMS = [
    Program(path, number, *match.groups())
    for path, page in PAGES.items()
    for number, match in enumerate(_PYTHON.finditer(page), 1)
]
# The programs of a page that go on from one another, and each of the other pages alone.
IN_TURN = "itnio_async/api/README.md"
RUNS = [
    *([program] for program in PROGRAMS if program.path != IN_TURN),
    [program for program in PROGRAMS if program.path == IN_TURN],
]


def commands_of(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page's console blocks, each with what is shown below it."""
    return [command for block in _CONSOLE.findall(page) for command in _COMMAND.findall(block)]


def write_files(page: str, folder: Path) -> None:
    """Write the files that the page shows with `cat`, as they are first shown."""
    for command, shown in reversed(commands_of(page)):
        if command.startswith("cat "):
            (folder / command.removeprefix("cat ")).write_text(shown, encoding="utf-8")


def assert_prints(shown: str, printed: str) -> None:
    """Compare word by word, since a terminal aligns and wraps; `...` stands for what was cut."""
    pattern = ".*?".join(re.escape(part) for part in " ".join(shown.split()).split("..."))
    assert re.fullmatch(pattern, " ".join(printed.split())), f"shown:\n{shown}\nprinted:\n{printed}"


def environment_of(sandbox: Sandbox) -> dict[str, str]:
    return {
        "ITNIO_API_KEY": sandbox.api_key,
        "ITNIO_API_SECRET": sandbox.api_secret,
        "ITNIO_BASE_URL": sandbox.url,
    }


async def run(program: Path, *arguments: str, environment: Mapping[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", *arguments, program.name),
        cwd=program.parent,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.parametrize("programs", RUNS, ids=lambda programs: str(programs[0]))
async def test_programs_run_as_a_user_would_run_them(programs, tmp_path):
    write_files(PAGES[programs[0].path], tmp_path)
    async with Sandbox(trunks=12, api_key="sandbox-key", api_secret="sandbox-made-up-secret") as sandbox:
        for program in programs:
            before = len(sandbox.requests)
            file = tmp_path / "test_program.py"
            file.write_text(program.code, encoding="utf-8")
            if "def test_" in program.code:
                status, output = await run(file, *PYTEST, environment={})
                assert status == 0, output
                continue
            status, output = await run(file, environment=environment_of(sandbox))
            assert status == 0, output
            assert len(sandbox.requests) > before or "Sandbox(" in program.code
            assert program.output is not None, f"the page does not show what it prints:\n{output}"
            assert_prints(program.output, output)


@pytest.mark.parametrize("path", [path for path, page in PAGES.items() if commands_of(page)])
def test_commands_print_what_is_shown(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    status = 0
    with Sandbox(trunks=12, api_key="sandbox-key", api_secret="sandbox-made-up-secret") as sandbox:
        for name, value in environment_of(sandbox).items():
            monkeypatch.setenv(name, value)
        for command, shown in commands_of(PAGES[path]):
            match shlex.split(command):
                case ["itnio", *arguments]:
                    printed = io.StringIO()
                    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                        status = main(arguments)
                    assert_prints(shown, printed.getvalue())
                case ["echo", "$?"]:
                    assert_prints(shown, str(status))
                case ["cat", name]:
                    # A file that no command has written is the reader's own.
                    if not (tmp_path / name).exists():
                        (tmp_path / name).write_text(shown, encoding="utf-8")
                    assert (tmp_path / name).read_text(encoding="utf-8") == shown
                case _:
                    pytest.fail(f"a command that this test does not know: {command}")


# -- types ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has every program as a module of its own."""
    folder = tmp_path_factory.mktemp("programs")
    for number, program in enumerate(PROGRAMS):
        (folder / f"program_{number}.py").write_text(f"# {program}\n{program.code}", encoding="utf-8")
    return folder


def check(folder: Path, *arguments: str) -> None:
    checked = subprocess.run(arguments, cwd=folder, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_programs_are_formatted(programs):
    check(programs, *python_program("ruff", package="ruff"), "format", "--diff", "--line-length", "120", ".")


@pytest.mark.slow  # a type checker reads all that the programs import
def test_mypy_passes_the_programs(programs):
    check(programs, *python_program("mypy", package="mypy"), "--strict", ".")


@pytest.mark.slow  # likewise
def test_pyright_passes_the_programs(programs):
    pyright = python_program("pyright", package="'pyright[nodejs]'")
    settings = {"typeCheckingMode": "strict", "include": ["program_*.py"]}
    (programs / "pyrightconfig.json").write_text(json.dumps(settings))
    check(programs, *pyright, "--pythonpath", sys.executable, "--project", str(programs))


# -- links and tables -------------------------------------------------------------------------------------------------


def headings_of(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_of(page: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", page) if not link.startswith("https://")]


@pytest.mark.parametrize(("path", "link"), [(path, link) for path, page in PAGES.items() for link in links_of(page)])
def test_a_link_leads_somewhere(path, link):
    name, _, anchor = link.partition("#")
    target = (ROOT / path).parent / name if name else ROOT / path
    assert target.is_file()
    if anchor:
        assert anchor in headings_of(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", ["itnio_async", "itnio_async.bulk", "itnio_async.sandbox"])
def test_every_public_name_is_mentioned(module):
    words = set(re.findall(r"\w+", "\n".join(PAGES.values())))
    assert set(importlib.import_module(module).__all__) <= words


def test_there_are_exactly_two_commands():
    section = re.search(r"^## Two commands\n(.*?)^## ", README, re.DOTALL | re.MULTILINE)[1]
    fences = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert len(fences) == 2
    for fence in fences:
        assert fence.count("\n") == 1
        assert not fence.startswith(("$", ">"))
        assert not fence.rstrip().endswith("\\")


def test_the_table_of_endpoints_is_complete():
    rows = re.findall(r"^\| (GET|POST|PUT) \| `(\S+)` \| `client\.", PAGES["itnio_async/api/README.md"], re.MULTILINE)
    assert set(rows) == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}


def test_the_tree_of_errors_names_every_class():
    import itnio_async.errors as errors

    classes = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.ItnioError)
    }
    tree = re.search(r"^```text\n(ItnioError .*?)^```$", README, re.DOTALL | re.MULTILINE)[1]
    assert classes <= set(re.findall(r"\w+", tree))


def table_rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table that begins with this line."""
    table = re.search(rf"^{re.escape(heading)}\n(?:\|.*\n)+", page, re.MULTILINE)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def endpoint_named(name: str):
    return next(endpoint for endpoint in ENDPOINTS if endpoint.path.endswith(f"/{name}"))


def test_the_table_of_fields_is_complete():
    rows = table_rows(TRUNKS_README, "| field | type | required | the vendor's name | limits | code |")
    update, group = itnio_async.SipTrunkUpdate, itnio_async.GroupBinding
    fields = [field.name for field in attrs.fields(update)] + [f".{field.name}" for field in attrs.fields(group)]
    assert sorted(row[0].strip("`") for row in rows) == sorted(fields)


def test_the_table_of_codes_is_complete():
    rows = table_rows(TRUNKS_README, "| code | meaning | code | meaning |")
    codes = [int(code) for row in rows for code in row[::2]]
    # -24 is in lists of the vendor's other pages only.
    assert sorted(codes) == sorted(set(endpoint_named("update").family.codes) - {-24})


def test_the_table_of_assumptions_is_complete():
    def shown(value: object) -> str:
        return str(value).lower() if value is None or isinstance(value, bool) else str(value)

    rows = table_rows(SANDBOX_README, "| assumption | default | what it decides |")
    assumptions = Sandbox().assumptions
    assert [row[:2] for row in rows] == [[f"`{one.name}`", shown(one.value)] for one in assumptions]
    for row, one in zip(rows, assumptions, strict=True):
        choices = [shown(choice) for choice in one.choices or () if shown(choice) not in (shown(one.value), "false")]
        assert all(choice in row[2] for choice in choices)


def test_the_ratio_is_the_measured_one():
    said = re.search(r"([\d.]+) times as many calls a second as bare aiohttp", README)[1]
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    found = re.search(
        r"^\| calls a second, 100 in flight, against bare aiohttp \|.*\| ([\d.]+) \(", measured, re.MULTILINE
    )
    assert float(said) == round(float(found[1]), 1)
