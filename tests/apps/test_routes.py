"""Routes of FastAPI and Litestar that answer with a trunk."""

import json
import subprocess
import sys

import fastapi
import httpx
import litestar
import pytest
from litestar.datastructures import State

from itnio_async import AsyncClient, GroupBinding, InvalidRequestError, Page, SipTrunk, SipTrunkUpdate

TRUNK = SipTrunk(key_id=1, sip_trunk_name="a", sip_password="hunter2", extra={"new": [1]})
UPDATE = SipTrunkUpdate(
    key_id=1, sip_trunk_name="a", group_list=[GroupBinding(voice_group_id=5)], sip_trunk_state=False, direction=1
)
api = fastapi.FastAPI()


@api.get("/trunk")
async def trunk() -> SipTrunk:
    return TRUNK


@api.get("/trunks")
async def trunks() -> list[SipTrunk]:
    return [TRUNK]


@api.get("/page")
async def page() -> Page[SipTrunk]:
    return Page(records=[TRUNK], total=1)


@api.get("/python")
async def python_names() -> dict[str, object]:
    return TRUNK.to_dict(names="python")


@api.post("/update")
async def update(update: SipTrunkUpdate = fastapi.Body()) -> SipTrunkUpdate:  # noqa: B008
    assert type(update) is SipTrunkUpdate
    return update


def over(app):
    """Return a client of this application, which is called in place."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service")


@pytest.fixture
async def http():
    async with over(api) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/trunk", TRUNK.to_dict()),
        ("/trunks", [TRUNK.to_dict()]),
        ("/page", Page(records=[TRUNK], total=1).to_dict()),
        ("/python", TRUNK.to_dict(names="python")),
    ],
)
async def test_fastapi_answers_with_a_trunk_without_its_password(http, path, answer):
    response = await http.get(path)
    assert (response.status_code, response.json()) == (200, answer)
    assert "hunter2" not in response.text


async def test_fastapi_takes_an_update_as_its_body(http):
    response = await http.post("/update", json=UPDATE.to_dict())
    assert (response.status_code, response.json()) == (200, UPDATE.to_dict())


@pytest.mark.parametrize("body", [{"keyId": 1}, [], {"groupList": 1}])
async def test_fastapi_refuses_a_body_that_is_not_an_update(http, body):
    response = await http.post("/update", json=body)
    assert response.status_code == 422
    assert "Give the vendor's JSON" in response.text


async def test_the_page_of_the_api_shows_the_fields(http):
    schemas = (await http.get("/openapi.json")).json()
    answer = schemas["paths"]["/trunk"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    body = schemas["paths"]["/update"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    page = schemas["paths"]["/page"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    text = json.dumps(schemas)
    assert set(TRUNK.to_dict()) - {"new"} == set(resolved(schemas, answer)["properties"])
    assert set(resolved(schemas, body)["required"]) == {"keyId", "sipTrunkName", "groupList", "sipTrunkState"}
    assert "records" in resolved(schemas, page)["properties"]
    assert "direction" not in text
    assert '"voiceGroupId"' in text


def resolved(schemas, schema):
    while "$ref" in schema:
        schema = schemas["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@litestar.get("/trunk")
async def litestar_trunk() -> dict[str, object]:
    return TRUNK.to_dict()


@litestar.get("/as-it-is")
async def litestar_as_it_is() -> SipTrunk:
    return TRUNK


@litestar.put("/trunk")
async def litestar_update(request: litestar.Request[object, object, State]) -> dict[str, object]:
    return SipTrunkUpdate.from_dict(await request.json()).to_dict()


def refused(_request: object, error: InvalidRequestError) -> litestar.Response[dict[str, str]]:
    return litestar.Response({"detail": str(error)}, status_code=422)


async def test_litestar_answers_with_a_trunk_as_plain_data():
    app = litestar.Litestar(
        [litestar_trunk, litestar_as_it_is, litestar_update], exception_handlers={InvalidRequestError: refused}
    )
    async with over(app) as http:
        assert (await http.get("/trunk")).json() == TRUNK.to_dict()
        assert (await http.put("/trunk", json=UPDATE.to_dict())).json() == UPDATE.to_dict()
        assert (await http.put("/trunk", json={"keyId": 1})).status_code == 422
        # msgspec writes attrs classes by itself, passwords too: what we have in `extra` keeps it from that.
        unasked = await http.get("/as-it-is")
        assert unasked.status_code == 500
        assert "hunter2" not in unasked.text


def test_the_package_does_without_pydantic():
    code = "import sys, itnio_async; itnio_async.SipTrunk().to_json(); print(*{'pydantic_core'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_a_client_is_not_a_value():
    assert not hasattr(AsyncClient, "to_dict")
