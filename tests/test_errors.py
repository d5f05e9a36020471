"""The tree of errors as it is documented, what each says, and that each survives pickling."""

import copy
import inspect
import json
import pickle
from typing import Any

import httpx
import pytest
from hypothesis import given, settings, strategies as st

from itnio_async import errors
from itnio_async.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    DeadlineExceeded,
    GatewayBusyError,
    InvalidRequestError,
    IpNotAllowedError,
    ItnioError,
    NotFoundError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    QuotaError,
    ReadTimeout,
    RefusedError,
    ServerError,
    TimestampExpiredError,
    TransientError,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
    WriteTimeout,
)

# Each class with its one base in the tree, the builtin that it is as well, and whether by itself it leaves open that
# the request was processed.
TREE: dict[type[ItnioError], tuple[type, type | None, bool]] = {
    ItnioError: (Exception, None, False),
    ConfigurationError: (ItnioError, ValueError, False),
    RefusedError: (ItnioError, None, False),
    InvalidRequestError: (RefusedError, ValueError, False),
    TransportError: (ItnioError, None, True),
    ConnectError: (TransportError, ConnectionError, False),
    ConnectTimeout: (TransportError, TimeoutError, False),
    ProxyError: (TransportError, None, False),
    PoolTimeout: (TransportError, TimeoutError, False),
    ReadTimeout: (TransportError, TimeoutError, True),
    WriteTimeout: (TransportError, TimeoutError, True),
    ConnectionLost: (TransportError, None, True),
    ProtocolError: (TransportError, None, True),
    DeadlineExceeded: (ItnioError, TimeoutError, True),
    UnexpectedResponseError: (ItnioError, None, True),
    GatewayBusyError: (UnexpectedResponseError, None, True),
    ApiError: (ItnioError, None, True),
    AuthenticationError: (ApiError, None, False),
    IpNotAllowedError: (AuthenticationError, None, False),
    TransientError: (ApiError, None, True),
    TimestampExpiredError: (TransientError, None, False),
    ServerError: (TransientError, None, True),
    ConflictError: (ApiError, None, False),
    QuotaError: (ApiError, None, False),
    NotFoundError: (ApiError, None, False),
    ValidationError: (ApiError, None, False),
}


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_each_class_stands_where_the_tree_has_it(kind: type[ItnioError]) -> None:
    base, builtin, _ = TREE[kind]
    assert kind.__bases__[0] is base
    assert builtin is None or builtin in kind.__bases__
    for other in (ValueError, TimeoutError, ConnectionError):
        assert issubclass(kind, other) is (builtin is other)


def test_there_is_no_class_beside_the_tree() -> None:
    classes = {value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, BaseException)}
    assert classes == set(TREE)


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_whether_it_may_have_been_processed_goes_by_the_class(kind: type[ItnioError]) -> None:
    assert kind("text").may_have_been_processed is TREE[kind][2]


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize(
    "kind", [kind for kind in TREE if not issubclass(kind, ValueError)], ids=lambda kind: kind.__name__
)
def test_who_raises_it_may_know_better(kind: Any, said: bool) -> None:
    assert kind("text", may_have_been_processed=said).may_have_been_processed is said


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_an_error_without_arguments_can_be_shown(kind: type[ItnioError]) -> None:
    assert isinstance(str(kind()), str)
    assert kind.__name__ in repr(kind())


API = {
    "code": -53,
    "meaning": "the gateway address is already bound to a trunk",
    "advice": "Choose another gateway address.",
    "endpoint": "POST /v3/cc/sipTrunk/update",
    "http_status": 200,
    "attempts": 3,
    "remark": "Not repeated.",
}


def test_an_api_error_says_code_reason_meaning_and_advice() -> None:
    error = ApiError("Duplicate binding sip gateway ip", **API)
    assert str(error) == (
        "POST /v3/cc/sipTrunk/update: -53 'Duplicate binding sip gateway ip': the gateway address is already bound to "
        "a trunk. Choose another gateway address. Not repeated. (3 attempts.)"
    )
    assert error.reason == "Duplicate binding sip gateway ip"
    for name, value in API.items():
        assert getattr(error, name) == value


def test_an_api_error_without_reason_or_repeats_says_less() -> None:
    error = ValidationError(code=-45, meaning="the name is wrong", advice="Give a name.")
    assert str(error) == "-45: the name is wrong. Give a name."


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            InvalidRequestError("is empty.", field="group_list[0].number", code=-57),
            "group_list[0].number: is empty. (the vendor's code -57)",
        ),
        (InvalidRequestError("is empty.", field="key_id"), "key_id: is empty."),
        (InvalidRequestError("nothing fits."), "nothing fits."),
        (ConnectError("no route"), "no route"),
        (PoolTimeout("no slot"), "no slot"),
        (ReadTimeout("no answer"), "no answer"),
        (DeadlineExceeded("too slow"), "too slow"),
        (UnexpectedResponseError("HTTP 502", http_status=502, body="<html>"), "HTTP 502"),
        (ConfigurationError("base_url is wrong"), "base_url is wrong"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_errors_say_their_text(error: ItnioError, text: str) -> None:
    assert str(error) == text


def test_the_skew_is_none_until_it_is_known() -> None:
    assert TimestampExpiredError("expired").clock_skew is None


def examples() -> list[ItnioError]:
    made: list[ItnioError] = [kind("some text") for kind in TREE]
    made += [kind("reason", **API) for kind in TREE if issubclass(kind, ApiError)]
    made += [
        kind("text", may_have_been_processed=not TREE[kind][2]) for kind in TREE if not issubclass(kind, ValueError)
    ]  # type: ignore[call-arg]
    skewed = TimestampExpiredError("timestamp expires", **API)
    skewed.clock_skew = -3600.5
    return [
        *made,
        skewed,
        InvalidRequestError("is empty.", field="group_list[0].number", code=-57),
        UnexpectedResponseError("HTTP 429", http_status=429, retry_after=2.5, body="<html>"),
        DeadlineExceeded("too slow", last_error=ServerError("unusual", **API)),
        DeadlineExceeded("too slow", last_error=skewed, may_have_been_processed=False),
    ]


def everything_of(error: BaseException) -> tuple[Any, ...]:
    """Return all that a caller can see of an error, errors within it included."""
    attributes = {
        name: everything_of(value) if isinstance(value, BaseException) else value for name, value in vars(error).items()
    }
    return type(error), str(error), repr(error), error.args, attributes


@pytest.mark.parametrize(
    "clone",
    [
        *(lambda error, p=p: pickle.loads(pickle.dumps(error, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
        copy.copy,
        copy.deepcopy,
    ],
)
@pytest.mark.parametrize("error", examples(), ids=lambda error: type(error).__name__)
def test_each_error_comes_back_whole_from_a_pickle(error: ItnioError, clone: Any) -> None:
    assert everything_of(clone(error)) == everything_of(error)
    error_raised = None
    try:
        raise error
    except ItnioError as caught:
        caught.may_have_been_processed = not caught.may_have_been_processed
        error_raised = clone(caught)
    assert everything_of(error_raised) == everything_of(error)


@settings(deadline=None)
@given(reason=st.text(), code=st.integers(), endpoint=st.text(), remark=st.text())
def test_any_reason_survives(reason: str, code: int, endpoint: str, remark: str) -> None:
    error = ServerError(reason, code=code, endpoint=endpoint, remark=remark)
    assert everything_of(pickle.loads(pickle.dumps(error))) == everything_of(error)
    assert str(code) in str(error)
    assert not reason or repr(" ".join(reason.split())) in str(error)


def test_the_trees_drawing_names_each_class() -> None:
    assert errors.__doc__ is not None
    for kind in TREE:
        assert kind.__name__ in errors.__doc__


def test_a_mistake_in_the_request_is_one_kind_whoever_finds_it() -> None:
    assert issubclass(InvalidRequestError, RefusedError)
    assert issubclass(ValidationError, RefusedError)
    assert ValidationError(code=-45).field is None
    assert RefusedError().code is None


@pytest.mark.parametrize("error", examples(), ids=lambda error: type(error).__name__)
def test_its_args_make_an_error_again_from_what_json_knows(error: ItnioError) -> None:
    if isinstance(error, DeadlineExceeded):
        error.last_error = None  # not among them
    error.may_have_been_processed = not error.may_have_been_processed
    error.attempts += 1
    error.add_remark("A remark.")
    again = type(error)(*json.loads(json.dumps(error.args)))
    assert everything_of(again) == everything_of(error)
    assert "A remark." in str(again)


@pytest.mark.parametrize("error", examples(), ids=lambda error: type(error).__name__)
def test_what_came_with_an_answer_is_pickled_and_not_shown(error: ItnioError) -> None:
    if not isinstance(error, ApiError | UnexpectedResponseError):
        return
    assert (dict(error.headers), error.raw, error.elapsed) == ({}, None, 0.0)
    error.headers, error.raw, error.elapsed = httpx.Headers({"X-Trace": "7"}), {"status": -47}, 1.5
    again = pickle.loads(pickle.dumps(error))
    assert (dict(again.headers), again.raw, again.elapsed) == ({"x-trace": "7"}, {"status": -47}, 1.5)
    assert "X-Trace" not in f"{error} {error!r} {error.args}"


def test_an_api_errors_repr_says_code_endpoint_and_attempts() -> None:
    assert repr(ConflictError("Duplicate", code=-47, endpoint="POST /x", attempts=2)) == (
        "ConflictError('Duplicate', code=-47, endpoint='POST /x', attempts=2)"
    )
