"""Every failure of a transport is made ours."""

import ssl

import httpcore
import httpx
import pytest
from support.attempts import PASSWORD, SECRET, SIGN, an_attempt

from itnio_async import (
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    ReadTimeout,
    WriteTimeout,
)
from itnio_async.calls.failures import transport_error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((error, ConnectError) for error in (httpx.ConnectError("x"), httpcore.ConnectError("x"))),
        *((error, ConnectTimeout) for error in (httpx.ConnectTimeout("x"), httpcore.ConnectTimeout("x"))),
        *((error, ProxyError) for error in (httpx.ProxyError("x"), httpcore.ProxyError("x"))),
        *((error, PoolTimeout) for error in (httpx.PoolTimeout("x"), httpcore.PoolTimeout("x"))),
        *((error, ReadTimeout) for error in (httpx.ReadTimeout("x"), httpcore.ReadTimeout("x"))),
        *((error, WriteTimeout) for error in (httpx.WriteTimeout("x"), httpcore.WriteTimeout("x"))),
        *((error, ConnectionLost) for error in (httpx.ReadError("x"), httpx.WriteError("x"), httpx.CloseError("x"))),
        *(
            (error, ConnectionLost)
            for error in (httpcore.ReadError("x"), httpcore.WriteError("x"), httpcore.NetworkError("x"))
        ),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), ConnectionLost),
        (httpx.RemoteProtocolError("peer closed connection without sending complete message body"), ConnectionLost),
        (httpx.RemoteProtocolError("illegal status line"), ProtocolError),
        (httpx.LocalProtocolError("illegal header"), ProtocolError),
        (httpcore.RemoteProtocolError("illegal"), ProtocolError),
        (httpx.DecodingError("x"), ProtocolError),
        (httpx.UnsupportedProtocol("x"), ProtocolError),
        (httpx.TooManyRedirects("x"), ProtocolError),
        (httpx.StreamConsumed(), ProtocolError),
        (httpx.StreamClosed(), ProtocolError),
        (httpx.ResponseNotRead(), ProtocolError),
        (ConnectionResetError(104, "reset"), ConnectionLost),
        (BrokenPipeError(), ConnectionLost),
        (OSError(5, "x"), ConnectionLost),
        (ssl.SSLError(1, "x"), ConnectionLost),
    ],
    ids=repr,
)
def test_each_failure_of_a_transport_is_ours(error: Exception, kind: type[Exception]) -> None:
    attempt = an_attempt()
    attempt.asked, attempt.raised = 1, error
    ours = transport_error(attempt, error)
    assert type(ours) is kind
    assert str(ours).startswith("POST /v3/cc/sipTrunk/update: ")
    says_nothing_was_sent = kind in (ConnectError, ConnectTimeout, ProxyError, PoolTimeout)
    says_nothing_was_sent |= isinstance(error, httpx.UnsupportedProtocol)
    assert ours.may_have_been_processed is not says_nothing_was_sent
    assert ("nothing was sent" in str(ours)) is says_nothing_was_sent
    assert isinstance(ours, TimeoutError) is kind.__name__.endswith("Timeout")


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ReadError("x"), httpx.LocalProtocolError("x")])
@pytest.mark.parametrize(
    ("begun", "asked", "believed"), [(0, 0, True), (1, 0, False), (0, 2, False), (1, 1, False), (2, 0, False)]
)
def test_what_was_sent_decides_and_not_the_kind_of_failure(
    error: Exception, begun: int, asked: int, believed: bool
) -> None:
    attempt = an_attempt()
    attempt.begun, attempt.asked = begun, asked
    ours = transport_error(attempt, error)
    assert ours is not None
    assert ours.may_have_been_processed is not believed
    assert ("nothing was sent" in str(ours)) is believed


def all_subclasses(kind: type) -> set[type]:
    return {kind}.union(*(all_subclasses(child) for child in kind.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(all_subclasses(httpx.HTTPError), key=lambda kind: kind.__name__))
def test_no_class_of_httpx_is_forgotten(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    assert transport_error(an_attempt(), error) is not None


class OwnError(Exception):
    pass


def test_secrets_go_from_all_that_hangs_on_a_failure_in_circles_and_groups_and_not_from_the_callers() -> None:
    def failure(kind: type[BaseException]) -> BaseException:
        error = kind(*([5] if kind is OSError else []), f"said {PASSWORD}")
        error.args = (*error.args, 7)
        return error

    error, cause, context = failure(httpx.ReadError), failure(OwnError), failure(httpx.ReadError)
    member, inner = failure(OSError), failure(OwnError)
    callers, beyond = failure(ValueError), failure(ValueError)
    group = BaseExceptionGroup("several", [member, BaseExceptionGroup("more", [inner])])
    error.__cause__, error.__context__ = cause, context
    cause.__context__, context.__cause__, context.__context__ = error, group, callers
    inner.__cause__, callers.__context__, member.__context__ = context, beyond, callers
    assert PASSWORD not in str(transport_error(an_attempt(), error, callers))  # type: ignore[arg-type]
    for blanked in (error, cause, context, inner):
        assert blanked.args == ("said ***", 7)
    assert PASSWORD not in f"{member} {member.args}"
    assert callers.args == beyond.args == (f"said {PASSWORD}", 7)


@pytest.mark.parametrize(
    "error",
    [
        AssertionError("respx: not mocked"),
        OwnError("x"),
        RuntimeError("x"),
        ValueError("x"),
        KeyError("x"),
        type("ConnectError", (Exception,), {})("not httpx's"),
        type("ReadTimeout", (OwnError,), {})("x"),
    ],
    ids=repr,
)
def test_what_a_test_tool_or_a_middleware_raises_by_itself_is_left_alone(error: Exception) -> None:
    assert transport_error(an_attempt(), error) is None


class Reset(httpx.ReadError):
    """A middleware's own, of httpx's kind."""


def test_a_subclass_is_what_its_base_is() -> None:
    assert type(transport_error(an_attempt(), Reset("x"))) is ConnectionLost


@pytest.mark.parametrize("secret", [SECRET, SIGN, PASSWORD])
def test_a_secret_in_the_text_of_a_failure_is_blanked_out(secret: str) -> None:
    ours = transport_error(an_attempt(), httpx.LocalProtocolError(f"Illegal header value {secret!r}"))
    assert ours is not None
    assert secret not in str(ours)
    assert "***" in str(ours)


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "no token"), TimeoutError(), PermissionError(13, "x")], ids=repr
)
def test_what_the_system_refuses_a_middleware_is_its_own(error: Exception) -> None:
    assert transport_error(an_attempt(), error) is None
    below = an_attempt()
    below.raised = error
    assert type(transport_error(below, error)) is ConnectionLost
    # Nothing but the answer is read after its head.
    reading = an_attempt()
    reading.http_status = 200
    assert type(transport_error(reading, error)) is ConnectionLost
