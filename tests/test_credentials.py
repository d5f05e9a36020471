"""Keys and secrets: what may be one, where they come from, and that they are not shown."""

import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.values import shown

from itnio_async import ConfigurationError, Credentials
from itnio_async.credentials import resolve

PAIR = Credentials("bDqJFiq9", "7bz1lzh9")


def test_neither_is_shown_whole() -> None:
    assert repr(PAIR) == "Credentials(api_key=bDq***, api_secret=***)"
    assert "7bz1lzh9" not in f"{PAIR} {PAIR!s} {PAIR!r}"
    assert "bDqJFiq9" not in f"{PAIR} {PAIR!s} {PAIR!r}"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=10), st.text("0123456789", min_size=10))
def test_no_secret_is_ever_in_a_repr(key: str, secret: str) -> None:
    shown = repr(Credentials(key, secret))
    assert secret not in shown
    assert key not in shown


def test_credentials_are_values() -> None:
    assert Credentials("bDqJFiq9", "7bz1lzh9") == PAIR
    assert hash(Credentials("bDqJFiq9", "7bz1lzh9")) == hash(PAIR)
    assert pickle.loads(pickle.dumps(PAIR)) == PAIR
    with pytest.raises(AttributeError):
        PAIR.api_key = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "value",
    ["", " ", "a ", " a", "a\n", "a\r\nX: y", "a\tb", "a\0", "é", "\x7f", "\ud800", None, 5, b"abc", ["a"], True],
)
@pytest.mark.parametrize("name", ["api_key", "api_secret"])
def test_what_no_header_can_carry_is_refused_by_name_without_the_value(name: str, value: Any) -> None:
    arguments = {"api_key": "key", "api_secret": "secret", name: value}
    with pytest.raises(ConfigurationError, match=f"^{name} ") as caught:
        Credentials(**arguments)
    assert value is None or repr(value) not in str(caught.value)


@pytest.mark.parametrize("value", ["a", "a b", "!~", "0" * 500])
def test_anything_printable_is_taken(value: str) -> None:
    assert Credentials(value, value).api_secret == value


async def give() -> Credentials:
    return PAIR


class Vault:
    async def __call__(self) -> Credentials:
        return PAIR


@pytest.mark.parametrize("source", [PAIR, lambda: PAIR, give, lambda: give(), Vault()], ids=shown)
async def test_a_source_is_a_value_or_a_callable_plain_or_async(source: Any) -> None:
    assert await resolve(source) is PAIR


async def test_a_callable_is_asked_each_time() -> None:
    pairs = [Credentials("one", "1"), Credentials("two", "2")]
    source = iter(pairs).__next__
    assert [await resolve(source), await resolve(source)] == pairs


@pytest.mark.parametrize("given_", [None, ("key", "secret"), "key", {"api_key": "a"}, Credentials], ids=repr)
async def test_anything_else_from_a_callable_is_a_configuration_error(given_: Any) -> None:
    with pytest.raises(ConfigurationError, match="credentials gave a"):
        await resolve(lambda: given_)


async def test_what_a_callable_raises_passes_unchanged() -> None:
    error = LookupError("the vault is shut")

    def fail() -> Credentials:
        raise error

    with pytest.raises(LookupError) as caught:
        await resolve(fail)
    assert caught.value is error
