"""One call from its admission to its end: deadline, attempts, repeats, and what all its attempts together say."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

import httpx
from attrs import define, field, frozen

from itnio_async import config
from itnio_async.account import credential_source_of
from itnio_async.calls.answer import done_before, judge, read_content, server_time, whole_content
from itnio_async.calls.deadlines import Deadline
from itnio_async.calls.details import NO_IDS, CallDetails, Watch, how_it_ended, ids_of
from itnio_async.calls.failures import transport_error
from itnio_async.calls.request import Attempt, CallRequest, method_and_path
from itnio_async.calls.shared import Shared
from itnio_async.codes import SUCCESS
from itnio_async.credentials import Credentials, CredentialSource, resolve
from itnio_async.endpoint import Endpoint, Response
from itnio_async.errors import (
    DeadlineExceeded,
    InvalidRequestError,
    ItnioError,
    TimestampExpiredError,
)
from itnio_async.frames import drop_frames, is_raised_here, without_frames
from itnio_async.retry import Repetition, RetryPolicy
from itnio_async.validators import instance, number, or_none

logger: logging.Logger = logging.getLogger("itnio_async.client")

R = TypeVar("R")


@frozen
class Options:
    """What a view of a client may set for its calls, checked."""

    timeout: httpx.Timeout = field(converter=config.timeout_of)
    deadline: float | None = field(validator=or_none(number(above=0)))
    retry: RetryPolicy = field(validator=instance(RetryPolicy))
    # A callable's own repr may show what it holds, as that of a partial does.
    credentials: CredentialSource = field(converter=credential_source_of, repr=False)


@define(eq=False)
class Call(Generic[R]):
    """What became of a call so far; its attempts change it.

    `handled` is what the caller was handling when it made the call. `attempt` is the last one that began, `attempts`
    how many did, `last_error` how the last one that ended did, and `unaccounted` how the last one did that may have
    been processed. About refused timestamps: `timestamps` are they, `corrected_clock_refused` tells whether one was
    made by a corrected clock, `has_learnt` and `has_dropped` whether this call changed the client's estimate. `waited`
    is the seconds slept between attempts, `asks_for_credentials` tells whether they are being asked for, and `watch` is
    what accompanies the call.
    """

    handled: BaseException | None = field(default=None, repr=False)
    request: CallRequest[R] = field(init=False)
    attempts: int = 0
    attempt: Attempt[R] | None = None
    last_error: ItnioError | None = None
    unaccounted: ItnioError | None = None
    timestamps: list[int] = field(factory=list)
    corrected_clock_refused: bool = False
    has_learnt: bool = False
    has_dropped: bool = False
    waited: float = 0.0
    asks_for_credentials: bool = False
    watch: Watch | None = None

    @property
    def is_unaccounted_for(self) -> bool:
        """Tell whether anything may have been processed: by an attempt that ended, or by one that was cut off."""
        return self.unaccounted is not None or (self.attempt is not None and self.attempt.may_have_gone_out)

    def add_wait(self, seconds: float) -> None:
        """Count the seconds of a wait between attempts."""
        self.waited += seconds

    def let_go(self) -> None:
        """Keep nothing of the request and its failures: tenacity's objects keep each other and this for a while."""
        self.last_error = self.unaccounted = None
        del self.request


def perform(
    shared: Shared, options: Options, prepare: Callable[..., CallRequest[R]], *arguments: Any
) -> Coroutine[Any, Any, Response[R]]:
    """Take a call through the limiter, its deadline and its attempts, and tell whoever wants to know how it ended.

    `prepare` makes its request of the arguments, which are an endpoint and a request, or begin with method and path; it
    raises `InvalidRequestError` for those that cannot be sent. Raises any `ItnioError`; what a caller's own
    credentials, middleware or transport raise passes unchanged.
    """
    if shared.is_watched or logger.isEnabledFor(logging.DEBUG):
        return _watched(shared, options, prepare, *arguments)
    return _performed(shared, options, Call(), prepare, *arguments)


async def _watched(
    shared: Shared, options: Options, prepare: Callable[..., CallRequest[R]], *arguments: Any
) -> Response[R]:
    """Take a call through, and tell how it ended."""
    began = time.monotonic()
    call: Call[R] = Call()
    endpoint, ids = _what_is_asked(*arguments)
    made = _performed(shared, options, call, prepare, *arguments)
    del arguments  # a report of an error shows the variables here
    call.watch = shared.begin_watch(endpoint, ids)
    try:
        response = await made
    except BaseException as error:
        shared.tell_end(call.watch, _details(call, endpoint, ids, began, error=error))
        raise
    else:
        shared.tell_end(call.watch, _details(call, endpoint, ids, began, response=response))
        return response
    finally:
        del call, made, shared, options  # an error keeps this frame


def _what_is_asked(first: Any, *others: Any) -> tuple[str, Mapping[str, int | str]]:
    """Return the endpoint and the ids of a call with these arguments, whether they can be sent or not."""
    if isinstance(first, Endpoint):
        return str(first), ids_of(others[0])
    try:
        method, path = method_and_path(first, others[0])
    except InvalidRequestError:
        return "", NO_IDS
    return f"{method} {path}", NO_IDS


def _details(
    call: Call[Any],
    endpoint: str,
    ids: Mapping[str, int | str],
    began: float,
    *,
    response: Response[Any] | None = None,
    error: BaseException | None = None,
) -> CallDetails:
    """Return what is told of a call that gave this response or raised this error."""
    ours = error if isinstance(error, ItnioError) else None
    code = getattr(ours, "code", None) if response is None else response.status
    seen = call.attempt.http_status if call.attempt is not None else 0
    http_status = getattr(ours, "http_status", seen) if response is None else response.http_status
    return CallDetails(
        endpoint=endpoint,
        ids=ids,
        ended=how_it_ended(error, call.attempts),
        code=code if isinstance(code, int) else None,
        http_status=http_status or None,
        attempts=call.attempts,
        waited=call.waited,
        elapsed=time.monotonic() - began,
        error=None if ours is None else without_frames(ours),
        error_type=None if error is None else type(error).__name__,
        may_have_been_processed=call.is_unaccounted_for if ours is None else ours.may_have_been_processed,
    )


async def _performed(
    shared: Shared, options: Options, call: Call[R], prepare: Callable[..., CallRequest[R]], *arguments: Any
) -> Response[R]:
    """Take a call through; the one place where its errors get completed."""
    call.handled = sys.exception()
    # Not armed yet: a call that waits its turn among 10,000 others has not begun.
    deadline = Deadline()
    try:
        with deadline:
            try:
                call.request = prepare(*arguments)
            finally:
                del arguments  # a report of an error shows the variables here
            return await _attempts(shared, options, call, deadline)
    except ItnioError as error:
        is_ours = _is_ours(call, error)
        if is_ours and call.unaccounted is not None:
            error.add_attempt_before(call.unaccounted)
        error.may_have_been_processed |= call.is_unaccounted_for
        error.attempts = call.attempts
        if error is call.last_error and (done := done_before(call.request, error)) is not None:
            return done
        if is_ours:
            drop_frames(error, call.handled)
        raise
    except asyncio.CancelledError as cancelled:
        drop_frames(cancelled, call.handled)
        raise
    except TimeoutError as timeout:
        if not deadline.has_struck:
            raise
        drop_frames(timeout, call.handled)
        if call.last_error is not None:
            drop_frames(call.last_error, call.handled)
        raise _deadline_exceeded(call, options) from call.last_error
    finally:
        if call.attempts:
            shared.deadlines.forget(deadline)
        if call.attempts > 1:
            call.let_go()
        # An error keeps this frame, and with it all that the call was made with, itself included.
        del call, shared, options, deadline


def _is_ours(call: Call[Any], error: ItnioError) -> bool:
    """Tell whether an error is this call's, and not what a middleware or the credentials raised.

    Those may come from another client of ours.
    """
    return call.attempts == 0 or (not call.asks_for_credentials and is_raised_here(error))


async def _attempts(shared: Shared, options: Options, call: Call[R], deadline: Deadline) -> Response[R]:
    policy, endpoint = options.retry, call.request.template.endpoint
    try:
        response = await _attempt(shared, options, call, deadline)
    except ItnioError as error:
        # Credentials may come from another client of ours, whose failures are not this call's.
        if error is not call.last_error or not policy.wants(error, idempotent=endpoint.idempotent):
            raise
        first = error
    else:
        shared.tokens.give(policy.budget)
        return response
    # Not while the first failure is handled, or it would be the context of whatever comes.
    repetition = Repetition(
        endpoint=str(endpoint),
        policy=policy,
        tokens=shared.tokens,
        idempotent=endpoint.idempotent,
        is_of_call=lambda failure: failure is call.last_error,
        until_new_signature=lambda: shared.clock.until_second_after(call.timestamps),
        ended_by_close=shared.ended_by_close,
        tell=partial(shared.tell_repeat, call.watch),
        slept=call.add_wait,
    )
    repeated = repetition.run(first, partial(_attempt, shared, options, call, deadline))
    del first  # which has this frame
    response = await repeated
    shared.tokens.give(policy.budget)
    return response


async def _attempt(shared: Shared, options: Options, call: Call[R], deadline: Deadline) -> Response[R]:
    limiter = shared.enter()
    if not limiter.enter_at_once():
        await limiter.enter(options.timeout.pool, is_repeat=call.attempts > 0)
    try:
        if call.attempts == 0 and options.deadline is not None:
            shared.deadlines.watch(deadline, options.deadline)
        call.attempts += 1
        return await _send(shared, options, call)
    finally:
        limiter.leave()


async def _send(shared: Shared, options: Options, call: Call[R]) -> Response[R]:
    """Send the request, and return what the answer means."""
    shared.check_open()  # the wait for a slot may have been long
    source = options.credentials
    if isinstance(source, Credentials):
        credentials = source
    else:
        call.asks_for_credentials = True
        credentials = await resolve(source)
        call.asks_for_credentials = False
    call.attempt = attempt = Attempt(
        credentials,
        shared.signer,
        request=call.request,
        number=call.attempts,
        correction=shared.clock.correction,
    )
    shared.requests += 1
    try:
        # A dict for each, since a middleware may change it.
        answered = await shared.chain.handle_async_request(attempt.for_httpx(options.timeout.as_dict()))
        attempt.note_head(answered)
        content = whole_content(answered, shared.max_response_bytes)
        if content is None:
            content = await read_content(answered, shared.max_response_bytes)
        response = judge(attempt, content)
    except ItnioError as error:
        if isinstance(error, TimestampExpiredError) and attempt.is_judged:
            _learn_from_refusal(shared, call, attempt, error)
        _failed(call, attempt, error)
        raise
    except Exception as error:
        ours = transport_error(attempt, error, call.handled)
        attempt.raised = None  # it and the error would keep each other
        if ours is None:
            if isinstance(error, RuntimeError):
                shared.check_open()  # closed in the middle of this call
            raise
        _failed(call, attempt, ours)
        raise ours from error
    _log(attempt, None)
    return response


def _failed(call: Call[Any], attempt: Attempt[Any], error: ItnioError) -> None:
    """Note what a failed attempt says about the call."""
    # Judged, one sending has its answer; else a sending is ruled out only by what is certain that nothing went out.
    error.may_have_been_processed |= (
        attempt.may_have_gone_out_twice if attempt.is_judged else attempt.may_have_gone_out_all_the_same
    )
    if error.may_have_been_processed:
        call.unaccounted = error
    call.last_error = error
    call.attempt = None
    _log(attempt, error)


def _learn_from_refusal(shared: Shared, call: Call[Any], attempt: Attempt[Any], error: TimestampExpiredError) -> None:
    """Find out what a refused timestamp says about this machine's clock, and learn from it: each way once a call."""
    signed_at = attempt.timestamp
    if signed_at is None:
        return
    call.timestamps.append(signed_at)
    call.corrected_clock_refused |= attempt.correction != 0
    error.after_correction = call.corrected_clock_refused
    date = server_time(httpx.Headers(list(attempt.headers)))
    if date is None:
        return
    error.clock_skew = shared.clock.skew(date)
    side = "ahead of" if error.clock_skew > 0 else "behind"
    error.remark = f"This machine's clock is {abs(error.clock_skew):.0f} s {side} the server's."
    if error.after_correction:
        error.remark += " Timestamps by the server's clock were refused as well."
    if not shared.learns_clock:
        return
    if not call.has_learnt:
        call.has_learnt = shared.clock.learn(date, signed_at, attempt.correction)
    if not call.has_dropped:
        call.has_dropped = shared.clock.drop(date, signed_at, attempt.correction)


def _deadline_exceeded(call: Call[Any], options: Options) -> DeadlineExceeded:
    unknown = call.is_unaccounted_for
    outcome = "It may have been processed." if unknown else "Nothing of it was processed."
    last = f" The last attempt ended so: {call.last_error}" if call.last_error else ""
    error = DeadlineExceeded(
        f"{call.request.template.endpoint}: not done within {options.deadline:g} s (deadline), at attempt "
        f"{call.attempts}. {outcome}{last}",
        last_error=call.last_error,
        may_have_been_processed=unknown,
    )
    error.attempts = call.attempts
    return error


def _log(attempt: Attempt[Any], error: ItnioError | None) -> None:
    """Log that an attempt had its answer, or failed with this error."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    told: dict[str, Any] = {
        "endpoint": str(attempt.request.template.endpoint),
        "code": SUCCESS if error is None else getattr(error, "code", None),
        "error_type": None if error is None else type(error).__name__,
        "http_status": attempt.http_status if attempt.is_judged else None,
        "attempt": attempt.number,
        "elapsed": time.monotonic() - attempt.request.started,
        "connection": attempt.connection if attempt.is_judged else None,
    }
    outcome = told["error_type"] if told["code"] is None else f"code={told['code']}"
    logger.debug(
        "%s %s http=%s attempt=%d %.1f ms connection=%s",
        *(told["endpoint"], outcome, told["http_status"], attempt.number, told["elapsed"] * 1000, told["connection"]),
        extra=told,
    )
