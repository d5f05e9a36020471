"""What the vendor's codes mean for SIP trunks, on top of the shared ones.

Source: the vendor's page on updating a SIP trunk; `wording` is its own text.
"""

from __future__ import annotations

from itnio_async import errors
from itnio_async.codes import SHARED, Code, family

SIP_TRUNKS = family(
    "SIP trunks",
    Code(
        -44,
        "Please enter the correct trunk type for sip",
        "the trunk's type is missing or wrong",
        "Give type 1 (outbound) or 2 (inbound).",
        errors.ValidationError,
    ),
    Code(
        -45,
        "Please enter the correct trunk name for sip",
        "the trunk's name is missing or wrong",
        "Give a name that is not empty.",
        errors.ValidationError,
    ),
    Code(
        -47,
        "Duplicate sip trunk name",
        "another trunk has that name",
        "Choose another name; names are unique in the account.",
        errors.ConflictError,
    ),
    Code(
        -48,
        "The bound agent group cannot be empty",
        "no agent group is bound",
        "Give at least one agent group in group_list.",
        errors.ValidationError,
    ),
    Code(
        -49,
        "Bind sip gateway ip cannot be empty",
        "the gateway address is missing",
        "An outbound trunk needs sip_gateway_ip.",
        errors.ValidationError,
    ),
    Code(
        -50,
        "Please enter the correct format of sip gateway ip, limited to 50 characters",
        "the gateway address is malformed or longer than 50 characters",
        "Correct sip_gateway_ip.",
        errors.ValidationError,
    ),
    Code(
        -51,
        "The bound agent group cannot be repeated",
        "an agent group stands twice in group_list",
        "Name each agent group once.",
        errors.ValidationError,
    ),
    Code(
        -52,
        "The agent group has been bound",
        "the agent group is already bound to a trunk",
        "Choose another agent group, or give the other trunk another one first.",
        errors.ConflictError,
    ),
    Code(
        -53,
        "Duplicate binding sip gateway ip",
        "the gateway address is already bound to a trunk",
        "Choose another gateway address, or change the other trunk first.",
        errors.ConflictError,
    ),
    Code(
        -54,
        "Bind sip whitelist ip cannot be empty",
        "the whitelist address is missing",
        "An inbound trunk needs sip_white_ip.",
        errors.ValidationError,
    ),
    Code(
        -55,
        "Please enter the correct format of sip whitelist ip, limited to 50 characters",
        "the whitelist address is malformed or longer than 50 characters",
        "Correct sip_white_ip.",
        errors.ValidationError,
    ),
    Code(
        -56,
        "Relay primary key ID cannot be empty",
        "the trunk's key id is missing",
        "Give the key_id that the listing shows.",
        errors.ValidationError,
    ),
    Code(
        -57,
        "The number must be bound to the agent group",
        "an agent group has no number",
        "An inbound trunk needs a number for each agent group.",
        errors.ValidationError,
    ),
    Code(
        -58,
        "The number bound under the agent group must be within 50 characters in length.",
        "the number of an agent group is longer than 50 characters",
        "Correct the number.",
        errors.ValidationError,
    ),
    Code(
        -59,
        "The bound number already has an inbound SIP trunk. Please check whether it has been bound repeatedly; "
        "if not, please contact the business handler.",
        "the number already has an inbound trunk",
        "Look for the trunk that has the number; if there is none, ask the vendor.",
        errors.ConflictError,
    ),
    Code(
        -60,
        "Duplicate binding sip whitelist ip",
        "the whitelist address is already bound to a trunk",
        "Choose another whitelist address, or change the other trunk first.",
        errors.ConflictError,
    ),
    Code(
        -61,
        "The number bound to the agent group cannot find the country direction.",
        "no country or region is found for the number of an agent group",
        "Give the number with its country code, or ask the vendor to open the route.",
        errors.ValidationError,
    ),
    base=SHARED,
)

# What the vendor's page on updates can mean: its list has -44, its table no type, and a trunk's groups cannot be empty.
UPDATE_CODES = SIP_TRUNKS.advising(
    {
        -44: "An update has no field for the type. If the vendor wants one all the same, give the trunk's own: "
        'extra={"type": 1} (outbound) or 2 (inbound).',
    }
)
BY_ENDPOINT = {"POST /v3/cc/sipTrunk/update": UPDATE_CODES}
"""The codes of endpoints for which other advice holds."""
