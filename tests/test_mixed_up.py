"""Clear errors for what is easily mixed up: a client that travels, and types of another package with the same names."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.scripted import ScriptedTransport, answer
from support.values import KEY, SECRET

import itnio_async
from itnio_async import AsyncClient, ConfigurationError


@pytest.mark.parametrize("way", [copy.deepcopy, pickle.dumps], ids=lambda way: way.__qualname__)
@pytest.mark.parametrize(
    "part", [lambda client: client, lambda client: client.sip_trunks, lambda client: client.with_options(deadline=1)]
)
async def test_a_client_cannot_travel(way: Any, part: Any, make_client: Callable[..., AsyncClient]) -> None:
    travelling = part(make_client(ScriptedTransport(answer())))
    with pytest.raises(TypeError, match=r"cannot be pickled or copied.*Make one where it is used") as caught:
        way({"client": travelling})
    assert SECRET not in str(caught.value)


async def test_a_client_cannot_be_copied(make_client: Callable[..., AsyncClient]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copy.copy(make_client(ScriptedTransport(answer())))


def namesake(kind: type) -> Any:
    """A value of a type that only has the same name as one of httpx's."""
    return type(kind.__name__, (), {"__module__": "httpx2._other", "as_dict": lambda _: {}})()


@pytest.mark.parametrize(
    ("option", "kind"),
    [("timeout", httpx.Timeout), ("limits", httpx.Limits), ("transport", httpx.AsyncBaseTransport)],
)
def test_a_namesake_of_a_type_of_httpx_is_named_whole(option: str, kind: type) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{option}.*httpx2\.{kind.__name__}") as caught:
        AsyncClient(KEY, SECRET, **{option: namesake(kind)})
    assert f"httpx.{kind.__name__}" in str(caught.value)


def test_dir_has_the_public_names_and_no_other() -> None:
    assert dir(itnio_async) == sorted(itnio_async.__all__)


def test_dir_of_a_client_has_its_families_and_methods(make_client: Callable[..., AsyncClient]) -> None:
    public = [name for name in dir(make_client(ScriptedTransport(answer()))) if not name.startswith("_")]
    assert {"sip_trunks", "call", "bulk", "request", "with_options", "aclose", "stats"} <= {*public}
    assert {*public} == {name for name in dir(AsyncClient) if not name.startswith("_")}
    assert all(getattr(AsyncClient, name).__doc__ for name in public)
