"""The general part takes a family that it has never seen, and imports none by itself."""

import ast
from pathlib import Path

import attrs
import httpx
import pytest
from attrs import define, setters
from support.asking import headers_for

import itnio_async.sandbox
from itnio_async import ConfigurationError
from itnio_async.codes import SHARED
from itnio_async.sandbox import Assumptions, Fault, Sandbox
from itnio_async.sandbox.application import Application
from itnio_async.sandbox.assumptions import SharedAssumptions, choice
from itnio_async.sandbox.fields import ID, TEXT
from itnio_async.sandbox.handler import Handler

FOLDER = Path(itnio_async.sandbox.__file__).parent
NAME = "itnio_async.sandbox"


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class BirdAssumptions(SharedAssumptions):
    songs: str = choice("loud", "quiet", text="How birds sing, of which no page says anything at all.")


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class Joined(Assumptions, BirdAssumptions):
    pass


def test_assumptions_of_families_are_joined():
    joined = Joined(songs="quiet", group_bound_once=False)
    names = [assumption.name for assumption in joined]
    shared = [field.name for field in attrs.fields(SharedAssumptions)]
    assert names[: len(shared)] == shared
    assert sorted(names) == sorted({*(one.name for one in Assumptions()), "songs"})
    joined.songs = "loud"
    joined.window = 5
    assert (joined.songs, joined.window, joined.group_bound_once) == ("loud", 5, False)
    with pytest.raises(ConfigurationError, match=r"^songs must be one of 'loud', 'quiet', not 'shrill'"):
        joined.songs = "shrill"
    with pytest.raises(ConfigurationError, match=r"^group_bound_once must be one of True, False, not 5"):
        Joined(group_bound_once=5)
    with pytest.raises(AttributeError, match="'birds'"):
        joined.birds = 2


@pytest.fixture
def vendor():
    with Sandbox(api_key="key", api_secret="secret") as made:
        made.assumptions = Joined()
        yield made


async def test_an_endpoint_of_another_family_is_answered_and_recorded(vendor):
    def sing(call):
        return [call.assumptions.songs, call.body["birdId"]]

    path = "/v3/birds/sing"
    fields = {"birdId": ID, "keyId": ID}
    handler = Handler(path=path, family=SHARED, act=sing, fields=fields, codes=SHARED.codes, key_field="birdId")
    transport = httpx.ASGITransport(Application(vendor, {path: handler}).asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:

        async def ask():
            return (await client.post(path, json={"birdId": 7, "keyId": 8}, headers=signed)).json()

        signed = headers_for(vendor, key="key", secret="secret")
        assert await ask() == {"status": "0", "reason": "success", "data": ["loud", 7]}
        vendor.order(Fault("minus24", key_id=8))
        vendor.order(Fault("minus24", key_id=7, count=1))
        vendor.order(Fault("minus18", count=1))
        assert [(await ask())["status"] for _ in range(3)] == ["-24", "-18", "0"]
    recorded = vendor.record.requests()
    assert [request.key_id for request in recorded] == [7] * 4
    assert [request.rule for request in recorded] == ["0 documented", "24 assumed", "18 documented", "0 documented"]


async def test_an_id_may_stand_in_the_path_and_the_code_under_another_key(vendor):
    def rename(call):
        return [call.body["birdId"], call.body["flock"], call.body.get("name")]

    path = "/birds/{flock}/rename/{birdId}"
    fields = {"birdId": ID, "flock": TEXT, "name": TEXT}
    keys = ("code", "msg")
    handler = Handler(method="PUT", path=path, family=SHARED, act=rename, fields=fields, key_field="birdId", keys=keys)
    transport = httpx.ASGITransport(Application(vendor, {path: handler}).asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:

        async def ask(path):
            signed = headers_for(vendor, key="key", secret="secret")
            return (await client.put(path, json={"name": "Ada", "birdId": 9}, headers=signed)).json()

        assert await ask("/birds/12/rename/7") == {"code": "0", "msg": "success", "data": [7, "12", "Ada"]}
        vendor.order(Fault("minus18", key_id=7))
        assert (await ask("/birds/12/rename/7"))["code"] == "-18"
        assert (await ask("/birds/12/rename/8"))["code"] == "0"
    assert handler.address == "/birds"


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


MODULES = {path.relative_to(FOLDER).as_posix(): set(imports_of(path)) for path in FOLDER.rglob("*.py")}


def test_only_what_puts_families_together_knows_one():
    families = {folder.name for folder in FOLDER.iterdir() if (folder / "__init__.py").exists()}
    assert "sip_trunks" in families
    together = {"__init__.py", "families.py", "sandbox.py"}
    for module, imported in MODULES.items():
        known = {family for family in families for name in imported if f"{name}.".startswith(f"{NAME}.{family}.")}
        assert known <= {module.partition("/")[0]} or module in together, module


def test_the_rules_are_a_second_opinion():
    """Of the client's own view of an endpoint, the sandbox takes nothing but how the vendor words its codes."""
    for module, imported in MODULES.items():
        taken = {name for name in imported if name == "itnio_async" or name.startswith("itnio_async.api")}
        assert all(".codes" in name for name in taken), module


def test_nothing_below_the_face_imports_it():
    names = set(itnio_async.sandbox.__all__)
    for module, imported in MODULES.items():
        assert not imported & {f"{NAME}.{name}" for name in names}, module
