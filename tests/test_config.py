"""What the constructor takes, where the rest comes from, and what it refuses, naming the argument."""

import math
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings, strategies as st
from support.values import shown

from itnio_async import (
    AsyncClient,
    ConfigurationError,
    Credentials,
    InvalidRequestError,
    RateLimit,
    RetryBudget,
    RetryPolicy,
)
from itnio_async.account import BASE_URL, Account, base_url_of, is_loopback, is_vendor, resolve_account
from itnio_async.calls.request import method_and_path
from itnio_async.config import LIMITS, TIMEOUT, limits_of, rate_limit_of, timeout_of
from itnio_async.transport import PooledTransport
from itnio_async.validators import checked, number, whole

PAIR = Credentials("key", "secret")
STRANGER = "https://api.example.com"


def resolve(
    environment: Mapping[str, str] | None = None,
    api_key: Any = None,
    api_secret: Any = None,
    credentials: Any = None,
    base_url: Any = None,
    allow_insecure: bool = False,
) -> Account:
    return resolve_account(
        api_key, api_secret, credentials, base_url, allow_insecure=allow_insecure, environment=environment or {}
    )


# -- the environment --------------------------------------------------------------------------------------------------

ENVIRONMENT = {"ITNIO_API_KEY": "envkey", "ITNIO_API_SECRET": "envsecret"}


def test_what_was_not_passed_comes_from_the_environment() -> None:
    account = resolve({**ENVIRONMENT, "ITNIO_BASE_URL": "https://api.onbuka.com"})
    assert account.credentials == Credentials("envkey", "envsecret")
    assert str(account.base_url) == "https://api.onbuka.com/"
    assert (account.credentials_source, account.base_url_source) == ("environment", "ITNIO_BASE_URL")


def test_what_was_passed_wins_over_the_environment() -> None:
    environment = {**ENVIRONMENT, "ITNIO_BASE_URL": "not an address"}
    account = resolve(environment, "key", "secret", base_url="https://api.laaffic.com")
    assert account.credentials == PAIR
    assert str(account.base_url) == "https://api.laaffic.com/"
    assert resolve(environment, credentials=PAIR, base_url=BASE_URL).credentials is PAIR


@pytest.mark.parametrize("environment", [{}, {"ITNIO_BASE_URL": ""}])
def test_without_an_address_it_is_the_vendors(environment: dict[str, str]) -> None:
    assert str(resolve(environment, "key", "secret").base_url) == "https://api.itniotech.com/"


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, "ITNIO_API_KEY and ITNIO_API_SECRET"),
        ({"ITNIO_API_KEY": "", "ITNIO_API_SECRET": ""}, "ITNIO_API_KEY and ITNIO_API_SECRET"),
        ({"ITNIO_API_KEY": "envkey"}, "ITNIO_API_SECRET"),
        ({"ITNIO_API_KEY": "envkey", "ITNIO_API_SECRET": ""}, "ITNIO_API_SECRET"),
        ({"ITNIO_API_KEY": "", "ITNIO_API_SECRET": "envsecret"}, "ITNIO_API_KEY"),
    ],
)
def test_an_empty_variable_counts_as_unset(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"No credentials: {missing} is not set") as caught:
        resolve(environment)
    assert "envkey" not in str(caught.value)
    assert "envsecret" not in str(caught.value)


@pytest.mark.parametrize("environment", [{}, ENVIRONMENT])
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"api_key": "key"}, "api_secret is missing"),
        ({"api_secret": "secret"}, "api_key is missing"),
        ({"api_key": ""}, "api_secret is missing"),
        ({"api_key": "", "api_secret": "secret"}, "api_key is empty"),
        ({"api_key": "key", "api_secret": ""}, "api_secret is empty"),
        ({"api_key": "", "api_secret": ""}, "api_key is empty"),
        ({"api_key": "key\n", "api_secret": "secret"}, "api_key has a line break"),
        ({"api_key": "key", "api_secret": "sec\r\nret"}, "api_secret has a line break"),
        ({"api_key": 1, "api_secret": "secret"}, "api_key must be a string"),
        ({"api_key": "key", "credentials": PAIR}, "either credentials or api_key and api_secret"),
        ({"api_secret": "secret", "credentials": PAIR}, "either credentials or api_key and api_secret"),
        ({"api_key": "", "credentials": PAIR}, "either credentials or api_key and api_secret"),
        ({"credentials": ""}, "credentials must be"),
        ({"credentials": ("key", "secret")}, "credentials must be"),
        ({"base_url": "", "credentials": PAIR}, "base_url must begin"),
    ],
)
def test_key_and_secret_come_from_one_place_and_an_empty_argument_is_an_error(
    environment: dict[str, str], arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        resolve(environment, **arguments)


def test_the_constructor_reads_the_processs_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRONMENT, "ITNIO_BASE_URL": "http://127.0.0.1:8787"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="api_secret is missing"):
        AsyncClient("key")
    with pytest.raises(ConfigurationError, match="deadline"):
        AsyncClient(deadline=0)  # it came as far as that


EXPLICIT = [{"api_key": "key", "api_secret": "secret"}, {"credentials": PAIR}, {"credentials": lambda: PAIR}]
STRANGERS = [
    "https://api.example.com",
    "https://itniotech.com.evil.example",
    "https://evilitniotech.com",
    "https://api-itniotech.com",
    "https://itniotech.com.",
    "https://itniotech.co",
    "https://evil.example/itniotech.com",
    "https://evil.example/.itniotech.com",
    "https://xitniotech.com:443",
    "https://10.0.0.1",
    "https://127.0.0.1.evil.example",
    "https://localhost.evil.example",
    "https://[2001:db8::1]",
    "https://0.0.0.0",
    "https://128.0.0.1",
]
KNOWN = [
    "https://itniotech.com",
    "https://api.itniotech.com",
    "https://API.ITNIOTECH.COM",
    "https://a.b.itniotech.com:8443/prefix",
    "https://api.onbuka.com",
    "https://laaffic.com/",
    "http://127.0.0.1:8787",
    "http://127.9.9.9",
    "http://localhost:8787",
    "http://LocalHost",
    "http://[::1]:8787",
    "https://[0:0:0:0:0:0:0:1]/",
]


@pytest.mark.parametrize("arguments", EXPLICIT, ids=["pair", "value", "callable"])
@pytest.mark.parametrize("url", STRANGERS)
def test_explicit_credentials_do_not_go_where_only_the_environment_points(url: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="ITNIO_BASE_URL"):
        resolve({"ITNIO_BASE_URL": url}, **arguments)
    # An address that was passed, and credentials from the same environment, are both the user's own word.
    resolve({"ITNIO_BASE_URL": "https://other.example"}, **arguments, base_url=url)
    resolve({**ENVIRONMENT, "ITNIO_BASE_URL": url})


@pytest.mark.parametrize("arguments", EXPLICIT, ids=["pair", "value", "callable"])
@pytest.mark.parametrize("url", KNOWN)
def test_this_machine_and_the_vendors_hosts_are_no_strangers(url: str, arguments: dict[str, Any]) -> None:
    assert resolve({"ITNIO_BASE_URL": url}, **arguments).base_url_source == "ITNIO_BASE_URL"


async def test_a_view_with_credentials_of_its_own_is_as_careful(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRONMENT, "ITNIO_BASE_URL": STRANGER}.items():
        monkeypatch.setenv(name, value)
    async with AsyncClient() as client:
        with pytest.raises(ConfigurationError, match="ITNIO_BASE_URL"):
            client.with_options(credentials=PAIR)
        client.with_options(deadline=5)
    async with AsyncClient(base_url=STRANGER) as client:
        client.with_options(credentials=PAIR)


@settings(deadline=None)
@given(st.text(), st.sampled_from(["itniotech.com", "onbuka.com", "laaffic.com"]))
def test_only_a_whole_label_before_a_vendors_domain_makes_it_the_vendors(prefix: str, domain: str) -> None:
    assert is_vendor(f"{prefix}{domain}") is (prefix == "" or prefix.endswith("."))
    assert not is_vendor(f"{domain}.{prefix}x")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.255.254", "::1", "[::1]", "localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "localhost.example", "127.0.0.1.example", "10.0.0.1", "127.1", "128.0.0.1"]
)
def test_no_loopback(host: str) -> None:
    assert not is_loopback(host)


# -- the address ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "meaning"),
    [
        ("https://api.itniotech.com", "https://api.itniotech.com/"),
        ("https://api.itniotech.com/", "https://api.itniotech.com/"),
        ("https://api.itniotech.com///", "https://api.itniotech.com/"),
        ("https://proxy.example/itnio", "https://proxy.example/itnio/"),
        ("https://proxy.example/itnio//", "https://proxy.example/itnio/"),
        ("https://proxy.example/a%2Fb%20c", "https://proxy.example/a%2Fb%20c/"),
        ("https://proxy.example/a%3Fb", "https://proxy.example/a%3Fb/"),
        ("https://proxy.example/a%23b", "https://proxy.example/a%23b/"),
        ("HTTPS://API.itniotech.COM:443", "https://api.itniotech.com/"),
        ("https://api.itniotech.com:8443", "https://api.itniotech.com:8443/"),
        ("http://[::1]:8787", "http://[::1]:8787/"),
        (httpx.URL("https://api.itniotech.com/x"), "https://api.itniotech.com/x/"),
    ],
)
def test_an_address_is_a_scheme_a_host_and_a_path(given_: Any, meaning: str) -> None:
    assert str(base_url_of(given_, allow_insecure=False)) == meaning


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "/",
        "api.itniotech.com",
        "//api.itniotech.com",
        "https://",
        "https:///path",
        "https:api.itniotech.com",
        "ftp://api.itniotech.com",
        "ws://api.itniotech.com",
        "file:///etc/passwd",
        "https://user@api.itniotech.com",
        "https://user:hunter2@api.itniotech.com",
        "https://:hunter2@api.itniotech.com",
        "https://api.itniotech.com@evil.example",
        "https://api.itniotech.com?x=hunter2",
        "https://api.itniotech.com?",
        "https://api.itniotech.com/#hunter2",
        "https://api.itniotech.com#",
        "https://api.itniotech.com:port",
        "https://api.itniotech.com:99999",
        "https://api.itniotech.com:-1",
        "https://api.itniotech.com\n",
        "https://api.itniotech.com\r\nHost: x",
        "https://a b.example",
        "https://[",
        "https://[::1",
        "https://%5b/",
        "https://xn--a",
        "https://" + "a" * 70_000,
        b"https://api.itniotech.com",
        5,
        True,
        ["https://api.itniotech.com"],
        {},
        object(),
    ],
    ids=shown,
)
def test_what_is_no_address_is_refused_by_name(url: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^base_url") as caught:
        base_url_of(url, allow_insecure=True)
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 500
    with pytest.raises(ConfigurationError, match=r"^ITNIO_BASE_URL"):
        base_url_of(url, allow_insecure=True, source="ITNIO_BASE_URL")


@settings(deadline=None)
@given(st.text() | st.text("htps:/@?#[]%.a1 ").map(lambda text: f"https://{text}"))
def test_any_text_is_an_address_or_a_configuration_error(url: str) -> None:
    try:
        made = base_url_of(url, allow_insecure=False)
    except ConfigurationError as error:
        assert str(error).startswith("base_url")  # noqa: PT017 - either outcome is right
        return
    assert made.scheme == "https" or is_loopback(made.host)
    assert made.host
    assert str(made).endswith("/")
    assert not made.userinfo
    assert not made.query
    assert not made.fragment


@pytest.mark.parametrize("host", ["api.itniotech.com", "10.0.0.1", "localhost.example", "[2001:db8::1]", "0.0.0.0"])
def test_plain_http_to_another_machine_needs_a_word(host: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_insecure=True"):
        base_url_of(f"http://{host}", allow_insecure=False)
    assert base_url_of(f"http://{host}", allow_insecure=True).scheme == "http"


def test_plain_http_from_the_environment_needs_the_word_too() -> None:
    environment = {**ENVIRONMENT, "ITNIO_BASE_URL": "http://api.itniotech.com"}
    with pytest.raises(ConfigurationError, match=r"^ITNIO_BASE_URL: plain http"):
        resolve(environment)
    assert resolve(environment, allow_insecure=True).base_url.scheme == "http"


# -- numbers ----------------------------------------------------------------------------------------------------------

NO_NUMBERS = [
    0,
    -1,
    -0.5,
    math.nan,
    math.inf,
    -math.inf,
    True,
    False,
    None,
    "5",
    b"5",
    [5],
    {},
    1j,
    10**400,
    -(10**400),
]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_above_zero_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^deadline must be a number above 0"):
        checked("deadline", value, number(above=0))


@pytest.mark.parametrize("value", [1, 0.001, 1e300, 2**60])
def test_numbers_above_zero(value: float) -> None:
    assert checked("deadline", value, number(above=0)) == value


@pytest.mark.parametrize("value", [0, -1, True, 1.0, math.inf, None, "1", 1j])
def test_what_is_no_whole_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^attempts must be a whole number of at least 1"):
        checked("attempts", value, whole())


@pytest.mark.parametrize(
    ("given_", "meaning"),
    [
        (None, None),
        (1, RateLimit(1)),
        (100, RateLimit(100)),
        (2.5, RateLimit(2.5)),
        (0.5, RateLimit(1, 2)),
        (RateLimit(10, 60), RateLimit(10, 60)),
        (RateLimit(0.5, 60), RateLimit(1, 120)),
    ],
)
def test_a_rate_is_calls_a_second_or_in_some_seconds(given_: Any, meaning: RateLimit | None) -> None:
    assert rate_limit_of(given_) == meaning


@pytest.mark.parametrize("value", [*NO_NUMBERS[:8], "5", (5, 1), 10**400])
def test_what_is_no_rate_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^rate_limit must be"):
        rate_limit_of(value)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("name", ["calls", "seconds"])
def test_what_is_no_rate_limit_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be"):
        RateLimit(**{"calls": 1, name: value})


@pytest.mark.parametrize("value", [5, 0.5, None, httpx.Timeout(3), (1, 2, 3, 4), (1, None, 3, None), TIMEOUT])
def test_timeouts_in_httpxs_forms(value: Any) -> None:
    assert timeout_of(value) == httpx.Timeout(value)


@pytest.mark.parametrize(
    "value",
    [
        -1,
        math.nan,
        math.inf,
        "5",
        True,
        (),
        (1,),
        (1, -2, 3, 4),
        (1, "2", 3, 4),
        {"read": 5},
        object(),
        10**400,
        httpx.Timeout(5, pool=-1),
        httpx.Timeout(5, connect=math.nan),
        (1, 2, 3, 10**400),
    ],
)
def test_what_is_no_timeout_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^timeout"):
        timeout_of(value)


@pytest.mark.parametrize(
    "value", [httpx.Limits(), LIMITS, httpx.Limits(max_connections=1, max_keepalive_connections=0, keepalive_expiry=0)]
)
def test_limits(value: httpx.Limits) -> None:
    assert limits_of(value) is value


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "limits"),
        (100, "limits"),
        ({"max_connections": 1}, "limits"),
        *((httpx.Limits(max_connections=value), "limits.max_connections") for value in [0, -1, 1.5, True, "1"]),
        *(
            (httpx.Limits(max_keepalive_connections=value), "limits.max_keepalive_connections")
            for value in [-1, 1.5, "1"]
        ),
        *(
            (httpx.Limits(keepalive_expiry=value), "limits.keepalive_expiry")
            for value in [-1, math.nan, math.inf, "1", True, 10**400]
        ),
    ],
)
def test_what_are_no_limits_is_refused_by_name(value: Any, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must"):
        limits_of(value)


# -- the whole constructor --------------------------------------------------------------------------------------------


class NoTransport:
    pass


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("api_key", [1, "", b"k", "k\n"]),
        ("api_secret", [1, "", b"s", "s\n"]),
        ("base_url", ["", 5, "example.com", "http://example.com", "https://u@h"]),
        ("timeout", ["5", -1, True, math.nan, ()]),
        ("deadline", [0, -1, True, "5", math.nan, math.inf, 10**400]),
        ("limits", [None, 5, httpx.Limits(max_connections=0)]),
        ("retry", [None, 3, RetryPolicy, RetryBudget()]),
        ("rate_limit", [0, -1, "5", True, math.nan, (5, 1)]),
        ("transport", [5, "https", httpx.AsyncHTTPTransport, httpx.HTTPTransport(), NoTransport()]),
        ("middleware", [None, 5, lambda inner: inner, [5], ["x"], "x", {1}, [lambda inner: None]]),
        ("proxy", ["", 5, "ftp://x", []]),
        ("verify", [None, 1, "/path/to/ca.pem", ssl.PROTOCOL_TLS_CLIENT]),
        ("trust_env", [None, 1, "yes"]),
        ("max_response_bytes", [0, -1, 1.5, "1", None, True, math.inf]),
        ("max_connection_age", [0, -1, "60", True, math.nan, math.inf]),
        ("allow_insecure", [None, 1, "yes"]),
        ("on_retry", [5, "x", []]),
        ("clock", [5, "x", None]),
    ],
)
def test_each_argument_of_a_wrong_kind_is_refused_by_name(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ConfigurationError, match=rf"^{name}"):
            AsyncClient(**{"api_key": "key", "api_secret": "secret", name: value})


@pytest.mark.parametrize("value", [5, "key", ("key", "secret"), {"api_key": "key"}])
def test_credentials_of_a_wrong_kind_are_refused_by_name(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^credentials must be"):
        AsyncClient(credentials=value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("timeout", ["5", -1, True]),
        ("deadline", [0, "5", math.nan]),
        ("retry", [None, 3]),
        ("credentials", [None, 5, ("key", "secret")]),
    ],
)
async def test_a_view_refuses_what_the_constructor_refuses(name: str, values: list[Any]) -> None:
    async with AsyncClient("key", "secret") as client:
        for value in values:
            with pytest.raises(ConfigurationError, match=rf"^{name}"):
                client.with_options(**{name: value})


@pytest.mark.parametrize(
    "option",
    [{"proxy": "http://x"}, {"max_connection_age": 60}, {"verify": False}, {"verify": ssl.create_default_context()}],
)
def test_what_a_transport_of_ones_own_would_not_know_of_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{next(iter(option))} has no effect"):
        AsyncClient("k", "s", transport=httpx.MockTransport(lambda _: httpx.Response(200)), **option)


@pytest.mark.parametrize("age", [0, -1, "60", True, math.nan])
def test_an_age_of_connections_that_cannot_be(age: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^max_connection_age must be"):
        PooledTransport(max_connection_age=age)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"deadline": None},
        {"deadline": 0.5},
        {"timeout": None},
        {"timeout": 3},
        {"limits": httpx.Limits(max_connections=None)},
        {"rate_limit": 0.5},
        {"rate_limit": RateLimit(10, 60)},
        {"verify": False},
        {"verify": ssl.create_default_context()},
        {"middleware": [lambda inner: inner]},
        {"proxy": "http://proxy.example:3128"},
        {"max_response_bytes": 1},
        {"max_connection_age": 60},
        {"max_connection_age": 0.5, "proxy": "http://proxy.example:3128"},
        {"base_url": "http://example.com", "allow_insecure": True},
    ],
    ids=shown,
)
async def test_what_fits_is_taken(options: dict[str, Any]) -> None:
    async with AsyncClient("longkey", "hunter2", **options) as client:
        assert "hunter2" not in repr(client)
        assert "longkey" not in repr(client)


async def test_a_source_of_credentials_is_not_shown_with_what_it_holds() -> None:
    from functools import partial

    async with AsyncClient(credentials=partial(Credentials, "longkey", "hunter2")) as client:
        assert "hunter2" not in repr(client)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("attempts", [0, -1, 1.5, True, "4", None, math.inf]),
        ("initial", [-1, math.nan, math.inf, "1", True, None, 10**400]),
        ("maximum", [-1, math.nan, math.inf, "1", True, None]),
        ("on", [None, ValueError, (ValueError,), ("x",), 5]),
        ("unsafe", [None, 1, "yes"]),
        ("budget", [None, 500, RetryBudget]),
        ("random", [None, 0.5]),
        ("sleep", [None, 1]),
    ],
)
def test_each_setting_of_a_policy_of_a_wrong_kind_is_refused_by_name(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ConfigurationError, match=rf"^(RetryPolicy\.)?{name}"):
            RetryPolicy(**{name: value})


@pytest.mark.parametrize("name", ["capacity", "cost", "refund"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, True, "5", None])
def test_each_setting_of_a_budget_of_a_wrong_kind_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be"):
        RetryBudget(**{name: value})


# -- untyped requests -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "meaning"),
    [
        ("POST", "/v3/cc/sipTrunk/query", ("POST", "/v3/cc/sipTrunk/query")),
        ("get", "/", ("GET", "/")),
        ("PUT", "/otp/app/update/7%20x", ("PUT", "/otp/app/update/7%20x")),
        ("GET", "/a@b:c", ("GET", "/a@b:c")),
    ],
)
def test_a_path_and_a_method(method: str, path: str, meaning: tuple[str, str]) -> None:
    assert method_and_path(method, path) == meaning


@pytest.mark.parametrize(
    "method",
    ["", "CONNECT", "connect", "PO ST", "POST\r\n", "POST\n", "GET /x HTTP/1.1", "\u212aPOST", None, 5, b"POST"],
)
def test_what_is_no_method_is_refused(method: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^method: a name such as POST"):
        method_and_path(method, "/")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "//evil.example/x",
        "https://evil.example/x",
        "http:/x",
        "/a?b",
        "/a#b",
        "/a b",
        "/a\nb",
        "/a\r\nX: y",
        "/é",
        "\\\\evil.example",
        "/\\evil.example",
        "@evil.example/",
        ":80/",
        "/\t/evil.example",
        "/a\x7f",
        "/a\n",
        None,
        5,
        b"/x",
    ],
)
def test_anything_but_a_path_is_refused(path: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^path: "):
        method_and_path("POST", path)


@settings(deadline=None)
@given(st.text())
def test_no_path_leads_to_another_host(path: str) -> None:
    try:
        _, made = method_and_path("POST", f"/{path}")
    except InvalidRequestError:
        return
    base = base_url_of(BASE_URL, allow_insecure=False)
    url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + made.encode())
    assert (url.host, url.query, url.fragment) == ("api.itniotech.com", b"", "")
