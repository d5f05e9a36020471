"""What the vendor's pages on numbers leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class NumberAssumptions(SharedAssumptions):
    """The decisions about numbers, and the shared ones."""

    unknown_pool_number_refused: bool = switch(
        True, "A numberList with a number that the account does not have is refused: the pages have no code for it."
    )
    phone_bound_once_in: str = choice(
        "account", "pool", text="Where a phone that is bound is bound already (-35): the page does not say how far."
    )
    middle_number_shared: bool = switch(
        False, "A middle number serves several bindings at a time, each of other phones: the page does not say."
    )
    binding_id_answered: str = choice(
        "integer",
        "text",
        text="The form of bindId in the answer of a bind: a String in the table, a number in the sample.",
    )
    binding_ends_written: str = choice(
        "local time",
        "seconds",
        text="The form of expireTime in the listing: a timestamp in seconds by its table, a local time in its sample.",
    )
    ended_bindings_listed: bool = switch(
        False, "Bindings that have expired or were ended stay in the listing: the page does not say."
    )
    number_record_times: str = choice(
        "seconds",
        "milliseconds",
        text="The unit of startTime and endTime of the numbers' calls: timestamps, the page says no more.",
    )
