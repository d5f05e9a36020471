"""The typed calls against the sandbox: each over HTTP, and what both make of any request."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from math import ceil, floor
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, strategies as st
from support.any_values import MOMENTS, OF_EACH, classes_in
from support.families import MODULES, all_of

from itnio_async import (
    ENDPOINTS,
    AsyncClient,
    CallDetails,
    InvalidRequestError,
    NotFoundError,
)
from itnio_async.api.team_leaders import TeamLeaderAdd
from itnio_async.codec import encode
from itnio_async.limits import Limit, limits_of
from itnio_async.sandbox import Sandbox
from itnio_async.sandbox.families import HANDLERS, Assumptions
from itnio_async.sandbox.fields import Field, Fields, form, is_list
from itnio_async.sandbox.rules import decide, is_integer, is_map_of_texts, is_number, is_object, is_text
from itnio_async.sandbox.times import is_date, is_local_time, is_zoned_time
from itnio_async.values import fields_of, wire_name

# What a trunk requires has codes of its own, which come after the form.
BY_CODES = ("/v3/cc/sipTrunk/add", "/v3/cc/sipTrunk/update")
CHECKED = [endpoint for endpoint in ENDPOINTS if HANDLERS[endpoint.path].fields and endpoint.path not in BY_CODES]
EACH = pytest.mark.parametrize("endpoint", CHECKED, ids=str)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(trunks=2) as running:
        running.assumptions.call_seconds = 0.01
        running.assumptions.window = 3600  # its time passes faster than that of this machine
        yield running


@pytest.fixture
def made() -> set[str]:
    """The endpoints that were called."""
    return set()


@pytest.fixture
async def client(sandbox: Sandbox, made: set[str]) -> AsyncIterator[AsyncClient]:
    def tell(call: CallDetails) -> None:
        made.add(call.endpoint)

    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url, on_call=tell) as client:
        yield client


async def test_every_endpoint_over_http(client: AsyncClient, sandbox: Sandbox, made: set[str], tmp_path: Path) -> None:
    for module in MODULES.values():
        await module.over_http(client, sandbox, tmp_path)
    assert made == set(map(str, ENDPOINTS))
    assert set(sandbox.codes) == {0}


async def test_a_delete_that_finds_nothing(client: AsyncClient) -> None:
    with pytest.raises(NotFoundError):
        await client.agent_groups.delete(7)


# -- what both make of any request ------------------------------------------------------------------------------------

# Where they differ, and why. All of it in this one place.
# What is said, the field's path in the vendor's names, and its value, for each.
Difference: TypeAlias = Callable[[str, str, Any], bool]
OPEN_ENUMERATIONS = re.compile(
    "|".join(
        [
            r"params\.(status|type|taskType|(taskStatus|statusList|callType|hangupReason|hangingDirection)\[\d+\])",
            "type|resendType|callinStrategy|fsNode",
            *all_of("OPEN_ENUMERATIONS"),
        ]
    )
)
IDS_AS_TEXT = {"taskId", "voiceGroupId", *all_of("IDS_AS_TEXT")}
TIMES = re.compile(r"params\.(startTime|endTime|strTime)|sendTime")
JOINED_TEXTS = re.compile(r"((array\[\d+\]\.)?(numbers|orderId|msgIds)|outIp|customerWhitelist)(\[\d+\])?")
ONLY_THE_CLIENT_TAKES: dict[str, Difference] = {
    "a list where a text with commas is wanted, which it makes of that": lambda text, path, value: (
        JOINED_TEXTS.fullmatch(path) is not None and isinstance(value, list)
    ),
    "whether an empty text may stand where one is required, no page says": lambda text, path, value: (
        text.startswith("a field is required: ") and value == ""
    ),
    "an enumeration may get new members": lambda text, path, value: (
        text.startswith("a field is beyond its limits: ") and OPEN_ENUMERATIONS.fullmatch(path) is not None
    ),
    "an id that the table has as a text, and is sent as one, however long its number is": lambda text, path, value: (
        type(value) is int and value >= 2**31 and path.removeprefix("params.") in IDS_AS_TEXT
    ),
    "a list, which `from_dict` takes where the vendor has a text with commas": lambda text, path, value: (
        isinstance(value, list) and JOINED_TEXTS.fullmatch(path) is not None
    ),
    "the form of a time in a text is not stated everywhere": lambda text, path, value: (
        isinstance(value, str) and TIMES.fullmatch(path) is not None
    ),
}
# These the sandbox finds by the rules that come after the form.
BY_RULES = re.compile("|".join(["password|name|labelName|file|fileName", *all_of("BY_RULES")]))
ONLY_THE_SANDBOX_TAKES: dict[str, Difference] = {
    "an Integer in the table, a text in the sample, which the client sends": lambda text, path, value: (
        path in ("filePath", "appId")
    ),
    "whether an empty text may stand where none is required, no page says": lambda text, path, value: (
        text.partition(", got ")[2].startswith("one shorter than ") and value == ""
    ),
    "null in a filter or in a query string, which the client leaves out": lambda text, path, value: (
        path.startswith(("params", "startIndex")) and value is None
    ),
    "an Integer in the table, which the client sends, a text in the sample": lambda text, path, value: (
        path == "voicemailMaxHangup" and isinstance(value, str)
    ),
    "an empty one between commas, which the sandbox finds later or no page speaks of": lambda text, path, value: (
        JOINED_TEXTS.fullmatch(path) is not None and "" in str(value).split(",")
    ),
    "found later, or an assumption": lambda text, path, value: BY_RULES.fullmatch(path) is not None,
}


def camel(path: str) -> str:
    return ".".join(map(wire_name, path.split(".")))


def at(body: Any, path: str) -> Any:
    """Return what stands at a path such as `params.taskId` or `params[0].keyId`."""
    for part in re.findall(r"\w+", path):
        if isinstance(body, list) and part.isdigit():
            body = body[int(part)]
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


class Asked:
    """A request as the rules look at it."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.assumptions = Assumptions()


def refusal_of(endpoint: Any, body: Any) -> str:
    """Return what the sandbox finds wrong with the form of a body, or an empty text."""
    decision = decide(form(HANDLERS[endpoint.path].fields), Asked(body))
    return decision.text if decision.code else ""


def error_of(endpoint: Any, body: Any) -> InvalidRequestError | None:
    """Return what the client finds wrong with the vendor's JSON, or None."""
    try:
        encode(endpoint.request_type.from_dict(body), endpoint.request_type)
    except InvalidRequestError as error:
        return error
    return None


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Values that the sandbox's table allows, in its own words."""
    if field.values is not None:
        return st.sampled_from(field.values)
    return st.one_of([_of_kind(kind, field) for kind in field.kinds])


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"])


def _of_kind(kind: Any, field: Field) -> st.SearchStrategy[Any]:
    least, most = field.least, field.most
    if kind is is_text and field.joined:
        items = st.text(LETTERS.filter(lambda letter: letter != ","), min_size=1, max_size=9)
        return st.lists(items, min_size=least or 0, max_size=3).map(",".join)
    if kind is is_text:
        if field.form is not None:
            return st.from_regex(field.form, fullmatch=True).filter(
                lambda text: (least or 0) <= len(text.split(",") if field.joined else text) <= (most or 9)
            )
        return st.text(LETTERS, min_size=least or 1, max_size=most or 9)
    if kind is is_integer:
        return st.integers(-(2**31) if least is None else least, 2**31 - 1 if most is None else most)
    if kind is is_number:
        whole = st.integers(None if least is None else ceil(least), None if most is None else floor(most))
        return whole | st.floats(least, most, allow_nan=False, allow_infinity=False)
    if kind is is_list:
        assert field.members is not None
        return st.lists(values_of(field.members), min_size=least or 0, max_size=most or 3)
    if kind is is_object:
        assert field.fields is not None
        return bodies_of(field.fields)
    if kind is is_map_of_texts:
        return st.dictionaries(st.text("ab", max_size=3), st.text("ab", max_size=3), max_size=2)
    times = {
        is_local_time: "%Y-%m-%d %H:%M:%S",
        is_date: "%Y-%m-%d",
        is_zoned_time: "%Y-%m-%dT%H:%M:%S+08:00",
    }
    if kind in times:
        return MOMENTS.map(lambda moment: moment.strftime(times[kind]))
    return st.just("")  # what clears a setting


def bodies_of(fields: Fields) -> st.SearchStrategy[dict[str, Any]]:
    required = {name: values_of(field) for name, field in fields.items() if field.required}
    optional = {name: values_of(field) for name, field in fields.items() if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


WRONG = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
    | st.lists(st.integers(-2, 1000) | st.text(max_size=30) | st.none(), max_size=12)
    | st.dictionaries(st.sampled_from(["keyId", "priority", "x"]), st.integers(0, 2000), max_size=2)
)


@st.composite
def asked(draw: st.DrawFn, fields: Fields) -> dict[str, Any]:
    """Bodies that the sandbox's table allows, half of them with something wrong in one place."""
    body = draw(bodies_of(fields))
    if draw(st.booleans()):
        within = [part for name, field in fields.items() for part in parts_of(field, body.get(name))]
        part, known = draw(st.sampled_from([(body, fields), *within[:1]]))
        part[draw(st.sampled_from(sorted(known)))] = draw(WRONG)
    return body


def parts_of(field: Field, value: Any) -> list[tuple[dict[str, Any], Fields]]:
    """Return the objects that a field holds, or that are in its list, each with what it may have."""
    holder = field.members or field
    items = value if isinstance(value, list) else [value]
    return [(item, holder.fields) for item in items if isinstance(item, dict) and holder.fields]


@pytest.mark.parametrize("member", [None, 1, [], "x" * 21])
def test_client_and_sandbox_refuse_a_wrong_member_of_a_list(member: Any) -> None:
    (endpoint,) = (endpoint for endpoint in ENDPOINTS if endpoint.path == "/v3/cc/seatGroup/basicSetting")
    body = {"voiceGroupId": 1, "displaySwitch": 0, "encryptNumber": 0, "labelName": [member]}
    assert refusal_of(endpoint, body)
    assert error_of(endpoint, body) is not None


def test_a_list_that_is_sent_as_a_text_is_a_known_difference() -> None:
    (endpoint,) = (endpoint for endpoint in ENDPOINTS if endpoint.path == "/sms/sendSms")
    body = {"appId": "a", "numbers": "1", "content": "a", "orderId": []}
    text = refusal_of(endpoint, body)
    assert error_of(endpoint, body) is None
    assert is_known(ONLY_THE_CLIENT_TAKES, text, text.partition(": ")[2], body)


@EACH
@OF_EACH
@given(data=st.data())
def test_client_and_sandbox_agree_on_the_form_of_a_request(endpoint: Any, data: Any) -> None:
    body = data.draw(asked(HANDLERS[endpoint.path].fields))
    text, error = refusal_of(endpoint, body), error_of(endpoint, body)
    if text and error is None:
        assert is_known(ONLY_THE_CLIENT_TAKES, text, text.partition(": ")[2], body), text
    elif error is not None and not text:
        assert is_known(ONLY_THE_SANDBOX_TAKES, str(error), camel(error.field or ""), body), error


def is_known(differences: dict[str, Difference], text: str, path: str, body: dict[str, Any]) -> bool:
    value = at(body, path)
    return any(holds(text, path, value) for holds in differences.values())


def test_the_limits_of_both_are_the_same() -> None:
    """The markers on the types, and the sandbox's own table."""
    for endpoint in CHECKED:
        for path, limit, field in limits(endpoint.request_type, HANDLERS[endpoint.path].fields):
            found = (field.least or None, None if field.most == 2**31 - 1 else field.most) if field else None
            assert found == (limit.least or None, limit.most), f"{endpoint.path} {path}"
            codes = [field.missing_code, field.beyond_code] if field else []
            # The name of an assumption stands for a code that the page does not have.
            of_page = [code if isinstance(code, int) else None for code in codes]
            assert not any(codes) or of_page == [limit.least_code, limit.code], f"{endpoint.path} {path}"


def limits(kind: Any, fields: Fields) -> Iterator[tuple[str, Limit, Field | None]]:
    """Yield the limits of a request and those within it, each with the sandbox's field."""
    for name, limit in limits_of(kind).items():
        # How short a new team leader's name may be is an assumption.
        if limit.unit != "bytes" and not limit.by_check and kind is not TeamLeaderAdd:
            yield wire_name(name), limit, fields.get(wire_name(name))
    for attribute, annotated in fields_of(kind):
        inner = fields.get(wire_name(attribute.name))
        within = inner and (inner.members or inner).fields
        for part in classes_in(annotated) if within else ():
            yield from limits(part, within or {})
