"""How a job is to be done, and how it ended: plain values."""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs
from attrs import field, frozen

from itnio_async.config import BULK_CONCURRENCY, BULK_STOP_ON, PATIENCE, BulkRate, Paced, bulk_rate_of
from itnio_async.errors import ItnioError
from itnio_async.validators import number, or_none, whole


def as_data(options: JobOptions) -> dict[str, Any]:
    """Return the options as a journal keeps them: what JSON can say, which is all but the classes of errors."""
    values = attrs.asdict(options, recurse=False, filter=lambda field, _: field.name != "stop_on")
    return values | {"rate_limit": _rate_in_words(options.rate_limit)}


def _rate_in_words(given: BulkRate) -> str:
    rate = bulk_rate_of(given)
    limit = rate.at_most if isinstance(rate, Paced) else rate
    if limit is None:
        return "none" if rate is None else "auto"
    return (
        f"at most {limit.calls:g} calls in {limit.seconds:g} s" if limit.seconds != 1 else f"at most {limit.calls:g}/s"
    )


class Ended(Enum):
    """Why a job ended: by itself, asked to stop (calls under way finished), stopped at once, at its time, after the
    first ones, or by an error.
    """

    FINISHED = "finished"
    STOPPED = "stopped"
    CUT_OFF = "stopped at once"
    UNTIL = "time is up"
    CANARY = "not confirmed after the first ones"
    ERROR = "error"


@frozen(kw_only=True)
class JobOptions:
    """How a plan is applied.

    `concurrency`, `rate_limit`, `stop_on` and `max_failures` are those of `client.bulk`; a rate that is a number is the
    most, and None does without any pace. `force` overwrites trunks that changed since the plan was made.
    `retry_refused` sends again what was refused in an earlier run. `same_account` takes a journal of another API key.
    `skip_invalid` goes on although rows of the plan cannot be sent. `accept_zeros` and `allow_swap_names` are those of
    `make_plan`. `canary` rows go first (of a plan that only exchanges names: one circle), are read back and shown to
    `confirm`, the same ones in each run of a journal; while one of them is refused, nothing is sent without
    `retry_refused`, whatever `canary` is. `until` is a moment in Unix seconds after which nothing more is begun.
    `verify` reads every trunk back at the end. Rows whose outcome is unknown are read back and sent again in at most
    `rounds` rounds. `patience` is how many seconds the vendor may answer nothing well, be it an update or a page of a
    listing, before the job ends.

    Raises `ConfigurationError` for a number that cannot be.
    """

    concurrency: int = field(default=BULK_CONCURRENCY, validator=whole())
    rate_limit: BulkRate = "auto"
    stop_on: tuple[type[ItnioError], ...] = BULK_STOP_ON
    max_failures: int = field(default=20, validator=whole(0))
    force: bool = False
    retry_refused: bool = False
    same_account: bool = False
    skip_invalid: bool = False
    accept_zeros: bool = False
    allow_swap_names: bool = False
    canary: int = field(default=0, validator=whole(0))
    until: float | None = field(default=None, validator=or_none(number(above=0)))
    verify: bool = False
    rounds: int = field(default=3, validator=whole())
    patience: float = field(default=PATIENCE, validator=number(above=0))

    def __attrs_post_init__(self) -> None:
        bulk_rate_of(self.rate_limit)
