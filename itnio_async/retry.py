"""When a failed attempt is repeated: the policy as a value, the tokens that bound repeats, and tenacity that decides.

By default only the two transient failures are repeated, and never a refusal of the request. The first attempt of a call
does not come here: a tenacity call costs 20 to 30 µs, and most calls need no second one.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from inspect import isawaitable
from typing import Any, TypeVar

from attrs import Attribute, asdict, define, field, frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_any

from itnio_async.errors import (
    ConfigurationError,
    ConnectError,
    GatewayBusyError,
    ItnioError,
    ServerError,
    TimestampExpiredError,
    TransientError,
)
from itnio_async.validators import BOOLEAN, CALLABLE, instance, number, whole

logger: logging.Logger = logging.getLogger("itnio_async.retry")

R = TypeVar("R")


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list | set | frozenset) else (value,)


_REPEATABLE = (TransientError, ConnectError, GatewayBusyError)


def _repeatable(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if not all(isinstance(kind, type) and issubclass(kind, _REPEATABLE) for kind in value):
        raise ConfigurationError(
            "RetryPolicy.on takes TimestampExpiredError, ServerError, ConnectError and GatewayBusyError only: every "
            "other failure would come again, or may have done its work."
        )


def _share() -> float:
    # By its name in each process: `random.random` itself would be pickled with the state of this one's randomness.
    return random.random()  # noqa: S311 - not for secrets


@frozen
class RetryBudget:
    """How much repeating a client may do: a bucket of tokens, shared by all its calls.

    It begins with `capacity` tokens; each repeat that has to wait takes `cost`, each call that succeeds gives `refund`
    back. When it is empty, failures are raised at once, so that a vendor in trouble is not asked over and over.
    """

    capacity: float = field(default=500, validator=number())
    cost: float = field(default=5, validator=number())
    refund: float = field(default=1, validator=number())


@frozen
class RetryPolicy:
    """Which failures are repeated, how often and after how long.

    `on` are the errors that are repeated: the two transient ones unless told otherwise; it may also name `ConnectError`
    (nothing was sent) and `GatewayBusyError` (waits as `Retry-After` says). What may have been processed is repeated
    only where a second effect does no harm, or with `unsafe`. `attempts` counts the first one too.

    A repeat waits a random part (full jitter) of `initial` seconds, doubled with each attempt up to `maximum`. A
    `TimestampExpiredError` is signed again at once and free of charge where the clock was corrected or the second has
    passed, else in the next second, since the same second makes the same signature. `random` gives numbers from 0 to 1,
    and `sleep` waits.
    """

    attempts: int = field(default=4, validator=whole())
    initial: float = field(default=0.2, validator=number())
    maximum: float = field(default=5.0, validator=number())
    on: tuple[type[ItnioError], ...] = field(
        default=(TimestampExpiredError, ServerError), converter=_as_tuple, validator=_repeatable
    )
    unsafe: bool = field(default=False, validator=BOOLEAN)
    budget: RetryBudget = field(default=RetryBudget(), validator=instance(RetryBudget))
    random: Callable[[], float] = field(default=_share, validator=CALLABLE, repr=False)
    sleep: Callable[[float], Awaitable[Any]] = field(default=asyncio.sleep, validator=CALLABLE, repr=False)

    def wants(self, error: BaseException | None, *, idempotent: bool) -> bool:
        """Tell whether a failure is of a kind that this policy repeats."""
        if not isinstance(error, self.on):
            return False
        assert isinstance(error, ItnioError)
        # What was not processed may be repeated whatever the endpoint does.
        return not error.may_have_been_processed or idempotent or self.unsafe

    def wait(self, attempt: int) -> float:
        """Return the seconds to wait after this attempt (1 is the first), where nobody else says how long."""
        # The power is bounded, or a large `attempts` would overflow a float.
        return self.random() * min(self.maximum, self.initial * 2.0 ** min(attempt - 1, 62))


@frozen
class RetryDetails:
    """What `on_retry` is told before a repeat.

    `attempt` is the number of the one that failed (1 is the first) and `code` its code, or None where it had no answer
    of the API; `wait` is the seconds that follow now, and `waited` those waited before in this call.
    """

    endpoint: str
    attempt: int
    code: int | None
    wait: float
    waited: float


@define(eq=False)
class RetryTokens:
    """The tokens of one client; `take` and `give` change them."""

    tokens: float

    def take(self, budget: RetryBudget) -> bool:
        """Take the price of one repeat if there is enough."""
        if self.tokens < budget.cost:
            return False
        self.tokens -= budget.cost
        return True

    def give(self, budget: RetryBudget) -> None:
        """Give back what a success is worth."""
        if self.tokens < budget.capacity:
            self.tokens = min(budget.capacity, self.tokens + budget.refund)


@frozen
class Repetition:
    """One call's repeats: its policy, what it shares with other calls, and whom it tells.

    `is_of_call` tells whether an error is a failure of this call's attempt, `until_new_signature` how many seconds
    remain until a repeat would be signed with other bytes than those that were refused. `slept` is told how many
    seconds a wait has taken, also where it was cut short. `ended_by_close` is a block that ends with the client.
    """

    endpoint: str
    policy: RetryPolicy
    tokens: RetryTokens
    idempotent: bool
    is_of_call: Callable[[BaseException], bool]
    until_new_signature: Callable[[], float]
    tell: Callable[[RetryDetails], None]
    ended_by_close: Callable[[], AbstractContextManager[None]]
    slept: Callable[[float], None]

    async def run(self, first: ItnioError, attempt: Callable[[], Awaitable[R]]) -> R:
        """Return what a further attempt gives, or raise the last one's error; `first` is how attempt 1 ended."""
        made = [first]
        del first  # which will have this frame

        async def next_attempt() -> R:
            if made:
                raise made.pop()
            return await attempt()

        repeated = AsyncRetrying(
            retry=retry_if_exception(self._repeats),
            wait=self._wait,
            # In this order: the last attempt takes no token for a repeat that will not come.
            stop=stop_any(stop_after_attempt(self.policy.attempts), self._is_out_of_tokens),  # type: ignore[arg-type]
            before_sleep=self._announce,
            sleep=self._sleep,
            reraise=True,
        )
        return await repeated(next_attempt)

    def _repeats(self, error: BaseException) -> bool:
        return self.is_of_call(error) and self.policy.wants(error, idempotent=self.idempotent)

    def _wait(self, state: RetryCallState) -> float:
        error = _error_of(state)
        if isinstance(error, TimestampExpiredError):
            return self.until_new_signature()
        if isinstance(error, GatewayBusyError) and error.retry_after is not None:
            return error.retry_after
        return self.policy.wait(state.attempt_number)

    def _is_out_of_tokens(self, state: RetryCallState) -> bool:
        error = _error_of(state)
        # What is signed with another timestamp at once is the cure, and no load that could pile up.
        is_free = isinstance(error, TimestampExpiredError) and not state.upcoming_sleep
        if is_free or self.tokens.take(self.policy.budget):
            return False
        remark = "Not repeated: the client's retry budget is used up, since too many calls failed this way."
        error.add_remark(remark)
        return True

    async def _sleep(self, seconds: float) -> None:
        if not seconds:
            return
        waiting = self.policy.sleep(seconds)
        if not isawaitable(waiting):
            raise ConfigurationError("RetryPolicy.sleep must give something to await, as asyncio.sleep does.")
        began = time.monotonic()
        try:
            with self.ended_by_close():
                await waiting
        finally:
            self.slept(time.monotonic() - began)

    def _announce(self, state: RetryCallState) -> None:
        error, wait = _error_of(state), state.upcoming_sleep
        code: int | None = getattr(error, "code", None)
        details = RetryDetails(self.endpoint, state.attempt_number, code, wait, max(0.0, state.idle_for - wait))
        said = type(error).__name__ if code is None else f"code {code}"
        logger.info(
            *("%s: %s at attempt %d, again in %.3f s", self.endpoint, said, state.attempt_number, wait),
            extra=asdict(details),
        )
        self.tell(details)


def _error_of(state: RetryCallState) -> ItnioError:
    """Return the failure that tenacity is about to repeat."""
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, ItnioError)
    return error
