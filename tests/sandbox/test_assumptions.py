"""All assumptions are listed, can be flipped, and take no other values; and those that hold for all endpoints."""

import attrs
import pytest
from support.asking import UPDATE, ask

from itnio_async import ConfigurationError
from itnio_async.sandbox import Assumptions


def test_all_are_listed_with_their_reason_and_value(sandbox):
    listed = {assumption.name: assumption for assumption in sandbox.assumptions}
    assert list(listed) == [field.name for field in attrs.fields(Assumptions)]
    assert all(len(assumption.text) > 40 for assumption in listed.values())
    assert listed["window"].value == 300
    sandbox.assumptions.group_bound_once = False
    assert next(a for a in sandbox.assumptions if a.name == "group_bound_once").value is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("group_bound_once", 1),
        ("group_bound_once", None),
        ("listed_password", "hidden"),
        ("listed_password", []),
        ("unknown_key_code", -1),
        ("window", 0),
        ("window", True),
        ("window", float("nan")),
        ("trunk_quota", -1),
        ("trunk_quota", "5"),
    ],
)
def test_a_value_that_one_cannot_take_is_refused(sandbox, name, value):
    before = getattr(sandbox.assumptions, name)
    with pytest.raises(ConfigurationError, match=f"^{name} must be"):
        setattr(sandbox.assumptions, name, value)
    assert getattr(sandbox.assumptions, name) == before


def test_a_misspelt_one_is_refused(sandbox):
    with pytest.raises(AttributeError):
        sandbox.assumptions.group_bound_twice = False


@pytest.mark.parametrize("http_status", [200, 400, 500])
async def test_the_http_status_of_a_refusal(sandbox, http_status):
    sandbox.assumptions.failure_http_status = http_status
    response = await ask(sandbox, UPDATE, {})
    assert (response.status_code, response.json()["status"]) == (http_status, "-56")
