"""When a failed attempt is repeated: the policy as a value, and the tokens that bound repeats.

By default only the two transient failures are repeated, and never a refusal of the request.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import Attribute, define, field, frozen

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


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list | set | frozenset) else (value,)


_REPEATABLE = (TransientError, ConnectError, GatewayBusyError)


def _repeatable(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if not all(isinstance(kind, type) and issubclass(kind, _REPEATABLE) for kind in value):
        raise ConfigurationError(
            "RetryPolicy.on takes TimestampExpiredError, ServerError, ConnectError and GatewayBusyError only: every "
            "other failure would come again, or may have done its work."
        )


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
    random: Callable[[], float] = field(default=random.random, validator=CALLABLE, repr=False)
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
