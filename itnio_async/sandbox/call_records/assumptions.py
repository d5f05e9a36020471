"""What the vendor's pages on call records leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class CallRecordAssumptions(SharedAssumptions):
    """The decisions about call records, and the shared ones."""

    record_fields: str = choice(
        "as pushed",
        "as read",
        text="Which fields a record has: of the pages on the listings only five could be read. As pushed, they have "
        "those too that the vendor pushes of a call.",
    )
    record_times: str = choice(
        "both",
        "with zone",
        "without zone",
        text="The form of startTime and endTime: the page's words want ISO 8601 with a zone, its sample has none.",
    )
