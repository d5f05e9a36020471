"""Texts of the vendor that are lists or moments in Python: how they are written, read and refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given, strategies as st

from itnio_async import InvalidRequestError
from itnio_async.codec import Record, Request, decode, encode
from itnio_async.limits import Limit, items, joined, length, limit_of
from itnio_async.values import MILLISECONDS, UNSET, Unset
from itnio_async.wire import JOINED

MOMENT = datetime(2023, 4, 11, 3, 46, 4, tzinfo=UTC)


@frozen(kw_only=True, repr=False)
class Asked(Request):
    numbers: list[str] = field(metadata=joined(1, 3, code=-7, least_code=-8))
    ids: list[str] | Unset | None = field(default=UNSET, metadata=joined())
    time: datetime | Unset = field(default=UNSET, metadata=MILLISECONDS)


@frozen(kw_only=True)
class Given(Record):
    numbers: list[str] | None = field(default=None, metadata=joined())
    time: datetime | None = field(default=None, metadata=MILLISECONDS)


def sent(request: Asked) -> Any:
    return json.loads(encode(request, Asked))


def refusal(**fields: Any) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as refused:
        encode(Asked(**{"numbers": ["1"], **fields}), Asked)
    return refused.value


def test_a_list_is_sent_with_commas_between_its_items() -> None:
    assert sent(Asked(numbers=["1", "2"])) == {"numbers": "1,2"}
    assert sent(Asked(numbers=("1",), ids=[])) == {"numbers": "1", "ids": ""}  # type: ignore[arg-type]
    assert sent(Asked(numbers=["1"], ids=None)) == {"numbers": "1", "ids": None}


def test_a_moment_is_sent_in_milliseconds() -> None:
    for moment in (MOMENT, MOMENT.astimezone(timezone(timedelta(hours=8)))):
        assert sent(Asked(numbers=["1"], time=moment))["time"] == "1681184764000"
    assert sent(Asked(numbers=["1"], time=MOMENT.replace(microsecond=7999)))["time"] == "1681184764007"


@pytest.mark.parametrize(
    ("fields", "place", "code"),
    [
        ({"numbers": []}, "numbers", -8),
        ({"numbers": ["1"] * 4}, "numbers", -7),
        # Whatever this is, the vendor would take it for another list.
        ({"numbers": ["1,2"]}, "numbers", None),
        ({"numbers": ["1", ""]}, "numbers", None),
        ({"ids": ["a,b"]}, "ids", None),
        ({"numbers": "1,2"}, "numbers", None),
        ({"numbers": [1]}, "numbers[0]", None),
        ({"numbers": None}, "numbers", None),
        ({"time": MOMENT.replace(tzinfo=None)}, "time", None),
        ({"time": "1681184764000"}, "time", None),
    ],
)
def test_what_is_refused(fields: dict[str, Any], place: str, code: int | None) -> None:
    error = refusal(**fields)
    assert (error.field, error.code) == (place, code)


def test_plain_data_has_the_vendors_text_or_pythons_value() -> None:
    request = Asked(numbers=["1", "2"], time=MOMENT)
    assert request.to_dict() == {"numbers": "1,2", "time": "1681184764000"}
    python = request.to_dict(names="python")
    assert python == {"numbers": ["1", "2"], "time": MOMENT.isoformat()}
    assert Asked.from_dict(request.to_dict()) == Asked.from_dict(python, names="python") == request
    # Lists are taken too where the vendor has a text.
    assert Asked.from_dict({"numbers": ["1", "2"]}) == Asked(numbers=["1", "2"])
    assert Asked.from_dict({"numbers": ""}) == Asked(numbers=[])
    # What is no text of the vendor's is kept, and refused when it would be sent.
    for wrong in ("now", "9" * 15, "-1", "½", 1681184764000):
        assert Asked.from_dict({"numbers": "1", "time": wrong}).time == wrong
        assert refusal(time=wrong).field == "time"


def test_an_answer_is_read_likewise() -> None:
    answer = decode({"numbers": "1,2", "time": "1681184764000"}, Given)
    assert answer == Given(numbers=["1", "2"], time=MOMENT)
    assert Given.from_dict(answer.to_dict()) == answer
    assert decode({"numbers": ["1"], "time": MOMENT.isoformat()}, Given) == Given(numbers=["1"], time=MOMENT)
    assert decode({"numbers": "", "time": None}, Given) == Given(numbers=[])


@given(items=st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=4))
def test_each_list_comes_back_as_it_was(items: list[str]) -> None:
    written = JOINED.written(items)
    assert JOINED.read(written) == items
    assert isinstance(written, str) == all(item and "," not in item for item in items)


def test_the_limits_say_what_they_are() -> None:
    texts = {attribute.name: str(limit_of(attribute)) for attribute in attrs.fields(Asked)}
    each = "each of one or more characters and no comma"
    assert texts == {"numbers": f"1 to 3 items, {each}", "ids": each, "time": "None"}


def test_nothing_at_all_may_have_a_code_of_its_own() -> None:
    def code_for(marker: Any, value: Any) -> int | None:
        (limit,) = [limit for limit in marker.values() if isinstance(limit, Limit)]
        assert limit.broken_by(value) is not None
        found: int | None = limit.code_for(value)
        return found

    text = length(1, 3, code=-5, least_code=-4)
    assert (code_for(text, ""), code_for(text, "four")) == (-4, -5)
    listed = items(1, 2, each=Limit(most=1, unit="characters", code=-9), code=-7)
    assert (code_for(listed, []), code_for(listed, ["a"] * 3), code_for(listed, ["ab"])) == (-7, -7, -9)


def test_pydantic_sees_the_vendors_type() -> None:
    pydantic = pytest.importorskip("pydantic")
    schema = pydantic.TypeAdapter(Asked).json_schema()
    assert schema["properties"]["numbers"]["type"] == "string"
    assert {"type": "null"} in schema["properties"]["ids"]["anyOf"]
