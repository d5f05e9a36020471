"""What the vendor's codes mean for SIP trunks, on top of the shared ones.

Source: the vendor's page on updating a SIP trunk; `wording` is its own text.
"""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import ConflictError, ValidationError

SIP_TRUNKS = family(
    "SIP trunks",
    Code(
        -44,
        "the trunk's type is missing or wrong",
        "Give type 1 (outbound) or 2 (inbound).",
        ValidationError,
        wording="Please enter the correct trunk type for sip",
    ),
    Code(
        -45,
        "the trunk's name is missing or wrong",
        "Give a name that is not empty.",
        ValidationError,
        wording="Please enter the correct trunk name for sip",
    ),
    Code(
        -47,
        "another trunk has that name",
        "Choose another name; names are unique in the account.",
        ConflictError,
        wording="Duplicate sip trunk name",
    ),
    Code(
        -48,
        "no agent group is bound",
        "Give at least one agent group in group_list.",
        ValidationError,
        wording="The bound agent group cannot be empty",
    ),
    Code(
        -49,
        "the gateway address is missing",
        "An outbound trunk needs sip_gateway_ip.",
        ValidationError,
        wording="Bind sip gateway ip cannot be empty",
    ),
    Code(
        -50,
        "the gateway address is malformed or longer than 50 characters",
        "Correct sip_gateway_ip.",
        ValidationError,
        wording="Please enter the correct format of sip gateway ip, limited to 50 characters",
    ),
    Code(
        -51,
        "an agent group stands twice in group_list",
        "Name each agent group once.",
        ValidationError,
        wording="The bound agent group cannot be repeated",
    ),
    Code(
        -52,
        "the agent group is already bound to a trunk",
        "Choose another agent group, or give the other trunk another one first.",
        ConflictError,
        wording="The agent group has been bound",
    ),
    Code(
        -53,
        "the gateway address is already bound to a trunk",
        "Choose another gateway address, or change the other trunk first.",
        ConflictError,
        wording="Duplicate binding sip gateway ip",
    ),
    Code(
        -54,
        "the whitelist address is missing",
        "An inbound trunk needs sip_white_ip.",
        ValidationError,
        wording="Bind sip whitelist ip cannot be empty",
    ),
    Code(
        -55,
        "the whitelist address is malformed or longer than 50 characters",
        "Correct sip_white_ip.",
        ValidationError,
        wording="Please enter the correct format of sip whitelist ip, limited to 50 characters",
    ),
    Code(
        -56,
        "the trunk's key id is missing",
        "Give the key_id that the listing shows.",
        ValidationError,
        wording="Relay primary key ID cannot be empty",
    ),
    Code(
        -57,
        "an agent group has no number",
        "An inbound trunk needs a number for each agent group.",
        ValidationError,
        wording="The number must be bound to the agent group",
    ),
    Code(
        -58,
        "the number of an agent group is longer than 50 characters",
        "Correct the number.",
        ValidationError,
        wording="The number bound under the agent group must be within 50 characters in length.",
    ),
    Code(
        -59,
        "the number already has an inbound trunk",
        "Look for the trunk that has the number; if there is none, ask the vendor.",
        ConflictError,
        wording="The bound number already has an inbound SIP trunk. Please check whether it has been bound repeatedly; "
        "if not, please contact the business handler.",
    ),
    Code(
        -60,
        "the whitelist address is already bound to a trunk",
        "Choose another whitelist address, or change the other trunk first.",
        ConflictError,
        wording="Duplicate binding sip whitelist ip",
    ),
    Code(
        -61,
        "no country or region is found for the number of an agent group",
        "Give the number with its country code, or ask the vendor to open the route.",
        ValidationError,
        wording="The number bound to the agent group cannot find the country direction.",
    ),
    base=SHARED,
)

# What the vendor's page on updates can mean: its list has -44, its table no type, and a trunk's groups cannot be empty.
UPDATE_CODES = SIP_TRUNKS.advising(
    {
        -44: "An update has no field for the type. If the vendor wants one all the same, give the trunk's own: "
        'extra={"type": 1} (outbound) or 2 (inbound).'
    }
)
BY_ENDPOINT = {"POST /v3/cc/sipTrunk/update": UPDATE_CODES}
"""The codes of endpoints for which other advice holds."""
