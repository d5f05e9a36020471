"""One call from its admission to its end: deadline, attempts, repeats, and what all its attempts together say."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from functools import cached_property, partial
from typing import Any, TypeVar

import httpx
from attrs import field, frozen

from itnio_async import config
from itnio_async.core import Core
from itnio_async.credentials import Credentials, CredentialSource, resolve
from itnio_async.deadlines import Deadline
from itnio_async.endpoint import Response
from itnio_async.errors import ConfigurationError, DeadlineExceeded, ItnioError, TimestampExpiredError, TransientError
from itnio_async.exchange import (
    Answer,
    Call,
    bytes_of,
    judge,
    read_answer,
    read_pooled_answer,
    request_of,
    server_time,
    transport_error,
)
from itnio_async.frames import drop_frames, is_raised_here
from itnio_async.retry import Repetition, RetryPolicy
from itnio_async.transport.pool import IDEMPOTENT_EXTENSION
from itnio_async.transport.signing import SIGNATURE_EXTENSION, Signature
from itnio_async.transport.slots import Timeouts

logger = logging.getLogger("itnio_async.client")

R = TypeVar("R")


def _retry_policy(value: Any) -> RetryPolicy:
    if not isinstance(value, RetryPolicy):
        raise ConfigurationError(f"retry must be a RetryPolicy, not a {type(value).__name__}.")
    return value


def _seconds_or_none(value: Any) -> float | None:
    return None if value is None else config.positive_number("deadline", value)


@frozen
class Options:
    """What a view of a client may set for its calls, checked."""

    timeout: httpx.Timeout = field(converter=config.timeout_of)
    deadline: float | None = field(converter=_seconds_or_none)
    retry: RetryPolicy = field(converter=_retry_policy)
    # A callable's own repr may show what it holds, as that of a partial does.
    credentials: CredentialSource = field(converter=config.credential_source_of, repr=False)

    @cached_property
    def timeouts(self) -> Timeouts:
        """The timeout as the pool takes it."""
        return Timeouts(**self.timeout.as_dict())


async def perform(core: Core, options: Options, call: Call[R]) -> Response[R]:
    """Take a call through the limiter, its deadline and its attempts; the one place where its errors get completed.

    Raises any `ItnioError`; what a caller's own credentials, middleware or transport raise passes unchanged.
    """
    call.handled = sys.exception()
    # Not armed yet: a call that waits its turn among 10,000 others has not begun.
    deadline = Deadline()
    try:
        with deadline:
            return await _attempts(core, options, call, deadline)
    except ItnioError as error:
        error.may_have_been_processed |= call.may_have_been_processed
        error.attempts = call.attempts
        if not _is_anothers(call, error):
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
        call.handled = None  # it and this call's error would keep each other
        if call.attempts:
            core.deadlines.forget(deadline)


def _is_anothers(call: Call[Any], error: ItnioError) -> bool:
    """Tell whether an error is of a middleware or of the credentials, and so passes as it is."""
    return call.signature is None or not is_raised_here(error)


async def _attempts(core: Core, options: Options, call: Call[R], deadline: Deadline) -> Response[R]:
    policy = options.retry
    try:
        response = await _attempt(core, options, call, deadline)
    except TransientError as error:
        if call.is_settled_by(error) or not policy.wants(error, idempotent=call.template.idempotent):
            raise
        first = error
    else:
        core.tokens.give(policy.budget)
        return response
    # Not while the first failure is handled, or it would be the context of whatever comes.
    repetition = Repetition(
        endpoint=call.template.endpoint,
        policy=policy,
        tokens=core.tokens,
        idempotent=call.template.idempotent,
        started=call.admitted,
        settles=call.is_settled_by,
        tell=core.tell,
    )
    response = await repetition.run(first, partial(_attempt, core, options, call, deadline))
    core.tokens.give(policy.budget)
    return response


async def _attempt(core: Core, options: Options, call: Call[R], deadline: Deadline) -> Response[R]:
    limiter = core.enter()
    if not limiter.enter_at_once():
        await limiter.enter(options.timeout.pool)
    try:
        if call.attempts == 0:
            call.admitted = time.monotonic()
            if options.deadline is not None:
                core.deadlines.watch(deadline, options.deadline)
        call.attempts += 1
        answer = await _exchange(core, options, call)
    finally:
        limiter.leave()
    try:
        response = judge(call, answer)
    except ItnioError as error:
        if isinstance(error, TimestampExpiredError):
            _measure_clock(core, call, error, answer)
        _failed(call, error, answer)
        raise
    _log(call, answer, "code=0")
    return response


async def _exchange(core: Core, options: Options, call: Call[Any]) -> Answer:
    """Send the request and read the answer whole."""
    core.check_open()  # the wait for a slot may have been long
    source = options.credentials
    call.signature = None  # until there are credentials, a failure is theirs
    call.signature = Signature(source if isinstance(source, Credentials) else await resolve(source), core.clock)
    core.requests += 1
    pool = core.direct()
    try:
        if pool is None:
            # Whoever stands between may send it in any way, and at any time.
            call.in_flight = True
            answer = await _through_chain(core, options, call)
        else:
            # Nobody between us and the pool wants to see httpx's objects, which cost as much as all the rest.
            pooled = await pool.send(
                core.origin,
                bytes_of(call),
                options.timeouts,
                idempotent=call.template.idempotent,
                head_only=call.template.method == "HEAD",
                sender=call,
            )
            call.http_status = pooled.status
            answer = await read_pooled_answer(pooled, core.max_response_bytes)
    except ItnioError as error:
        _failed(call, error)
        raise
    except Exception as error:
        ours = transport_error(call, error)
        if ours is None:
            if isinstance(error, RuntimeError):
                core.check_open()  # closed in the middle of this call
            raise
        _failed(call, ours)
        raise ours from error
    call.in_flight = False
    call.http_status = None
    return answer


async def _through_chain(core: Core, options: Options, call: Call[Any]) -> Answer:
    """Send the request through middleware and signing, as httpx's objects."""
    extensions = {
        "timeout": options.timeout.as_dict(),
        IDEMPOTENT_EXTENSION: call.template.idempotent,
        SIGNATURE_EXTENSION: call.signature,
    }
    response = await core.chain.handle_async_request(request_of(call, extensions))
    call.http_status = response.status_code
    return await read_answer(response, core.max_response_bytes)


def _failed(call: Call[Any], error: ItnioError, answer: Answer | None = None) -> None:
    """Note what a failed attempt says about the call."""
    call.in_flight = False
    call.http_status = None
    call.may_have_been_processed |= error.may_have_been_processed
    call.last_error = error
    code = getattr(error, "code", None)
    _log(call, answer, type(error).__name__ if code is None else f"code={code}")


def _measure_clock(core: Core, call: Call[Any], error: TimestampExpiredError, answer: Answer) -> None:
    """Find out what a refused timestamp says about this machine's clock, and learn from it once a call."""
    date = server_time(answer.headers)
    if date is None:
        return
    error.clock_skew = core.clock.skew(date)
    side = "ahead of" if error.clock_skew > 0 else "behind"
    error.remark = f"This machine's clock is {abs(error.clock_skew):.0f} s {side} the server's."
    if call.clock_corrected:
        call.clock_stays_off = True
    elif core.learns_clock and call.signature is not None and call.signature.timestamp is not None:
        call.clock_corrected = core.clock.learn(date, call.signature.timestamp)


def _deadline_exceeded(call: Call[Any], options: Options) -> DeadlineExceeded:
    unknown = call.may_have_been_processed or call.in_flight
    outcome = "It may have been processed." if unknown else "Nothing of it was processed."
    last = f" The last attempt ended so: {call.last_error}" if call.last_error else ""
    error = DeadlineExceeded(
        f"{call.template.endpoint}: not done within {options.deadline:g} s (deadline), at attempt {call.attempts}. "
        f"{outcome}{last}",
        last_error=call.last_error,
        may_have_been_processed=unknown,
    )
    error.attempts = call.attempts
    return error


def _log(call: Call[Any], answer: Answer | None, outcome: str) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s %s http=%s attempt=%d %.1f ms connection=%s",
            call.template.endpoint,
            outcome,
            answer.http_status if answer else None,
            call.attempts,
            (time.monotonic() - call.started) * 1000,
            answer.connection if answer else None,
        )
