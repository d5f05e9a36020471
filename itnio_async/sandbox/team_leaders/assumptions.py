"""What the vendor's pages on team leaders leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class TeamLeaderAssumptions(SharedAssumptions):
    """The decisions about team leaders, and the shared ones."""

    leader_name_least: int = choice(
        4,
        1,
        text="How many characters a new team leader's name must have: the page says 4 to 32, its own sample has 3.",
    )
    new_leader_name_code: int = choice(
        -33,
        -20,
        text="The code for a new team leader with a name that is taken: the update page has -33, the codes of the "
        "page on adding were not read.",
    )
    new_leader_answered: str = choice(
        "integer",
        "text",
        text="The form in which the key id of a new team leader is answered: the table says String, the sample has an "
        "integer.",
    )
