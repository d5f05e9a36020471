"""The public names, and that importing them brings in nothing that is not needed."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import itnio_async
from itnio_async import AsyncClient, Endpoint, api, errors
from itnio_async.api.paths import FAMILIES, calls, calls_of

CLASSES = [
    *("AsyncClient", "Credentials", "Endpoint", "Response", "RateLimit", "RetryBudget", "RetryDetails", "RetryPolicy"),
    *("GroupBinding", "BoundGroup", "SipTrunk", "SipTrunkAdd", "SipTrunkUpdate", "TrunkDirection", "Page", "BulkRun"),
    *(
        name
        for name, _ in inspect.getmembers(errors, inspect.isclass)
        if name.endswith(("Error", "Timeout", "Exceeded", "Lost"))
    ),
]


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_of_the_documentation_is_importable_from_the_package(name: str) -> None:
    assert inspect.isclass(getattr(itnio_async, name))
    assert name in itnio_async.__all__


def test_all_names_exist_and_are_sorted_out() -> None:
    assert len(set(itnio_async.__all__)) == len(itnio_async.__all__)
    for name in itnio_async.__all__:
        assert getattr(itnio_async, name) is not None


def test_the_signing_transport_is_where_transports_are() -> None:
    from itnio_async.transport import SigningTransport

    assert SigningTransport is itnio_async.SigningTransport


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = itnio_async.Nonsense  # type: ignore[attr-defined]


def test_the_endpoints_are_one_tuple_of_endpoints() -> None:
    assert type(itnio_async.ENDPOINTS) is tuple
    assert itnio_async.ENDPOINTS is itnio_async.ENDPOINTS
    assert all(type(endpoint) is Endpoint for endpoint in itnio_async.ENDPOINTS)


def test_each_endpoint_is_there_once_with_a_path_and_a_request_type() -> None:
    shown = [str(endpoint) for endpoint in itnio_async.ENDPOINTS]
    assert len(set(shown)) == len(shown)
    for endpoint in itnio_async.ENDPOINTS:
        assert endpoint.method in {"GET", "POST", "PUT"}
        assert endpoint.path.startswith("/")
        assert inspect.isclass(endpoint.request_type)


def fresh(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after the code."""
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    return set(run.stdout.split())


def test_importing_the_package_brings_in_no_extra() -> None:
    # httpx loads the parts of its own command by itself, where they are installed; that is not our doing.
    added = fresh("from itnio_async import *") - fresh("import httpx, attrs, cattrs, tenacity, orjson")
    extras = {"starlette", "uvicorn", "typer", "rich", "click", "pytest", "_pytest", "hypothesis", "respx", "fastapi"}
    extras |= {
        "dask",
        "distributed",
        "cryptography",
        "openpyxl",
        "jinja2",
        "platformdirs",
        "matplotlib",
        "opentelemetry",
    }
    assert not added & {*extras, "pytest_asyncio", "aiohttp", "psutil", "vcr", "sqlite3", "mypy", "ruff"}


def test_importing_the_package_loads_no_part_of_the_sandbox_or_the_command() -> None:
    script = "from itnio_async import *; print(*(name for name in sys.modules if name.startswith('itnio_async.')))"
    run = subprocess.run([sys.executable, "-c", f"import sys; {script}"], capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    assert "itnio_async.client" in loaded
    assert not [name for name in loaded if name.split(".")[1] in {"sandbox", "cli", "testing"}]


def test_each_name_loads_with_its_first_use() -> None:
    script = "import sys, itnio_async; print(*(name for name in sys.modules if name.startswith('itnio_async.')))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == {"itnio_async._version", "itnio_async.lazy_names"}
    assert not fresh("from itnio_async import ItnioError, InvalidRequestError") & {"httpx", "cattrs", "tenacity"}
    assert set(itnio_async.__all__) <= set(dir(itnio_async))


def test_the_package_is_typed_and_has_a_version() -> None:
    from importlib.metadata import version
    from importlib.resources import files

    assert files("itnio_async").joinpath("py.typed").is_file()
    assert itnio_async.__version__ == version("itnio-async")


ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FAMILIES_README = ROOT / "itnio_async" / "api" / "README.md"
ROW = re.compile(
    r"^\| (GET|POST|PUT) \| `(/[^`]+)` \| `client\.([a-z_]+)\.([a-z_]+)\(.*\)`[^|]* \| `([a-z_]+)\.([A-Z_]+)` \|$",
    re.MULTILINE,
)


def test_the_table_of_the_readme_has_each_endpoint_and_its_call() -> None:
    rows = ROW.findall(FAMILIES_README.read_text(encoding="utf-8"))
    assert [f"{family}.{name}" for _, _, family, name, *_ in rows] == [str(call) for call in calls()]
    assert {f"{method} {path}" for method, path, *_ in rows} == {str(endpoint) for endpoint in itnio_async.ENDPOINTS}
    for method, path, family, name, room, constant in rows:
        service = getattr(AsyncClient, family)
        assert callable(getattr(service, name))
        endpoint = getattr(importlib.import_module(f"itnio_async.api.{room}"), constant)
        assert str(endpoint) == f"{method} {path}"
        assert endpoint in itnio_async.ENDPOINTS


def test_the_families_of_the_readme_have_their_calls() -> None:
    rows = re.findall(r"^\| `client\.(\w+)` \| (.*) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert {family: said.strip("`").split("` `") for family, said in rows} == {
        family: [call.verb for call in calls_of(family)] for family in FAMILIES
    }


def defined_in(module: str) -> set[str]:
    """The public names that a module's own statements define."""
    names: set[str] = set()
    for statement in ast.parse(inspect.getsource(importlib.import_module(module))).body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_familys_package_has_what_type_checkers_see_in_it(family: str) -> None:
    package = importlib.import_module(f"itnio_async.api.{family}")
    seen = {
        name
        for node in ast.walk(ast.parse(inspect.getsource(package)))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        for name in (defined_in(node.module) if alias.name == "*" else {alias.asname})
        if name
    }
    assert len(seen) > 2
    assert seen <= set(package.__all__) == set(dir(package))
    modules = [
        importlib.import_module(f"{package.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(package.__path__)
    ]
    for name in seen:
        assert any(getattr(package, name) is getattr(module, name, None) for module in modules)
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = package.Nonsense


def test_no_family_is_imported_before_it_is_used() -> None:
    script = """
        import sys, itnio_async
        from itnio_async.api.paths import CODE_FAMILIES
        def loaded():
            return {name for name in sys.modules if name.startswith("itnio_async.api.") and name.count(".") == 3}
        types = {name for name in loaded() if name.endswith((".types", ".service"))}
        print(sorted(types))
        client = itnio_async.AsyncClient("key", "secret")
        client.agents
        print(sorted(name for name in loaded() - types if name.endswith((".types", ".service"))))
    """
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [
        "[]",
        "['itnio_async.api.agents.service', 'itnio_async.api.agents.types']",
    ]


FACES = ("itnio_async", "itnio_async.bulk", "itnio_async.sandbox", "itnio_async.testing", "itnio_async.transport")


def function_of(member: object) -> object:
    """The function behind what stands in a class."""
    if isinstance(member, property):
        return member.fget
    if isinstance(member, cached_property):
        return member.func
    return member.__func__ if isinstance(member, classmethod | staticmethod) else member


def public_callables() -> Iterator[tuple[str, Any]]:
    """Every public function, class and method, by its name."""
    families = [f"itnio_async.api.{family.name}" for family in pkgutil.iter_modules(api.__path__) if family.ispkg]
    for face in (*FACES, *families):
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", dir(module)):
            value = getattr(module, name)
            if inspect.isclass(value):
                yield f"{face}.{name}", value
                for part, member in inspect.getmembers_static(value):
                    function = function_of(member)
                    if inspect.isfunction(function) and (function.__module__ or "").startswith("itnio_async"):
                        yield f"{face}.{name}.{part}", function
            elif inspect.isfunction(value):
                yield f"{face}.{name}", value


@pytest.mark.parametrize("value", [pytest.param(value, id=name) for name, value in public_callables()])
def test_the_annotations_of_each_public_callable_can_be_resolved(value: Any) -> None:
    get_type_hints(value)


def test_no_statement_mixes_numbered_placeholders_with_a_sequence() -> None:
    """Python 3.12 and newer warn of `?1`; named ones with a mapping do the same."""
    sources = Path(itnio_async.__file__).parent.rglob("*.py")
    assert [source.name for source in sources if re.search(r"\?\d", source.read_text(encoding="utf-8"))] == []
