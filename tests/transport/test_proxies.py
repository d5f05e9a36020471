"""Which proxy a client goes through, and which it must not."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings, strategies as st

from itnio_async import ConfigurationError
from itnio_async.transport.proxies import proxy_of

HTTPS = httpx.URL("https://api.itniotech.com/")
HTTP = httpx.URL("http://10.0.0.5/")
LOOPBACK = [httpx.URL("http://127.0.0.1:8787/"), httpx.URL("http://localhost/"), httpx.URL("https://[::1]:1/")]


def choose(
    proxy: Any = None, base_url: httpx.URL = HTTPS, *, trust_env: bool = True, allow_insecure: bool = False
) -> Any:
    chosen = proxy_of(proxy, base_url, trust_env=trust_env, allow_insecure=allow_insecure)
    return None if chosen is None else str(chosen.url)


def test_without_any_setting_there_is_none() -> None:
    assert choose() is None


@pytest.mark.parametrize(
    ("given_", "meaning"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("https://proxy.example", "https://proxy.example"),
        (httpx.URL("http://proxy.example:3128"), "http://proxy.example:3128"),
        (httpx.Proxy("http://proxy.example:3128"), "http://proxy.example:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
    ],
)
def test_a_proxy_that_was_passed_is_taken(given_: Any, meaning: str) -> None:
    assert choose(given_) == meaning
    assert choose(given_, trust_env=False) == meaning


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "http://",
        "ftp://proxy.example",
        "http://proxy.example:port",
        "http://a:99999",
        5,
        True,
        b"http://x",
        ["a"],
        {},
    ],
)
def test_what_is_no_proxy_is_refused_by_name(proxy: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^proxy is not the address"):
        choose(proxy)


@settings(deadline=None)
@given(st.text() | st.integers() | st.binary() | st.lists(st.text()))
def test_any_object_is_a_proxy_or_a_configuration_error(proxy: Any) -> None:
    try:
        chosen = choose(proxy)
    except ConfigurationError as error:
        chosen = str(error)
    assert isinstance(chosen, str)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "proxy"])
def test_a_password_is_not_in_the_error(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "http://user:hunter2@proxy.example:port"
    if variable != "proxy":
        monkeypatch.setenv(variable, wrong)
    with pytest.raises(ConfigurationError, match=rf"^{variable} is not the address") as caught:
        choose(wrong if variable == "proxy" else None)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_password_goes_to_the_proxy_and_not_into_its_repr() -> None:
    chosen = proxy_of("http://user:hunter2@proxy.example", HTTPS, trust_env=True, allow_insecure=False)
    assert chosen is not None
    assert chosen.raw_auth == (b"user", b"hunter2")
    assert "hunter2" not in repr(chosen)


def test_socks_without_its_package_is_said_when_the_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itnio_async.transport.proxies.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"^proxy: SOCKS .*httpx\[socks\]"):
        choose("socks5://proxy.example:1080")
    monkeypatch.setattr("itnio_async.transport.proxies.find_spec", lambda _: object())
    assert choose("socks5://proxy.example:1080") == "socks5://proxy.example:1080"


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({"HTTPS_PROXY": "http://one:1"}, "http://one:1"),
        ({"https_proxy": "http://one:1"}, "http://one:1"),
        ({"HTTPS_PROXY": "one:1"}, "http://one:1"),
        ({"ALL_PROXY": "http://all:1"}, "http://all:1"),
        ({"ALL_PROXY": "http://all:1", "HTTPS_PROXY": "http://one:1"}, "http://one:1"),
        ({"HTTP_PROXY": "http://other:1"}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://one:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://one:1", "NO_PROXY": "api.itniotech.com"}, None),
        ({"HTTPS_PROXY": "http://one:1", "NO_PROXY": "example.com, .itniotech.com"}, None),
        ({"HTTPS_PROXY": "http://one:1", "NO_PROXY": "other.com"}, "http://one:1"),
    ],
)
def test_the_environment_is_asked_if_it_is_trusted(
    environment: dict[str, str], chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert choose() == chosen
    assert choose(trust_env=False) is None
    assert choose("http://passed:1") == "http://passed:1"


@pytest.mark.parametrize("base_url", LOOPBACK, ids=str)
def test_this_machine_is_never_reached_over_the_environments_proxy(
    base_url: httpx.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    assert choose(base_url=base_url) is None


@pytest.mark.parametrize("base_url", [HTTP, *LOOPBACK[:2]], ids=str)
def test_plain_http_must_not_leave_this_machine_through_a_proxy(base_url: httpx.URL) -> None:
    with pytest.raises(ConfigurationError, match=r"^proxy: plain http through proxy.example"):
        choose("http://proxy.example:3128", base_url)
    assert choose("http://proxy.example:3128", base_url, allow_insecure=True) == "http://proxy.example:3128"
    assert choose("http://127.0.0.1:3128", base_url) == "http://127.0.0.1:3128"


def test_an_error_names_the_variable_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "ftp://proxy.example")
    with pytest.raises(ConfigurationError, match=r"^ALL_PROXY is not the address"):
        choose()
