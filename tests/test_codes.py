"""The vendor's codes: each one documented has its exception, and means something in its own family only."""

import copy
import pickle
import re
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from itnio_async import (
    ENDPOINTS,
    ApiError,
    AuthenticationError,
    ConflictError,
    Endpoint,
    GroupBinding,
    IpNotAllowedError,
    NotFoundError,
    QuotaError,
    ServerError,
    SipTrunkAdd,
    SipTrunkUpdate,
    TimestampExpiredError,
    TransientError,
    ValidationError,
)
from itnio_async.api.paths import CODE_FAMILIES, codes_by_endpoint, family_of_path
from itnio_async.api.sip_trunks import ADD, LIST, UPDATE
from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.codes import AI_VOICE, SHARED, SUCCESS, WHATSAPP, Code, CodeFamily

# The update page's own list, in its own words.
UPDATE_PAGE = {
    -1: ("Authentication error", AuthenticationError),
    -2: ("Authentication error", IpNotAllowedError),
    -16: ("Timestamp expires", TimestampExpiredError),
    -18: ("Port program unusual", ServerError),
    -20: ("Data existing", ConflictError),
    -22: ("Parameter exception", ValidationError),
    -23: ("Data caps", QuotaError),
    -44: ("Please enter the correct trunk type for sip", ValidationError),
    -45: ("Please enter the correct trunk name for sip", ValidationError),
    -47: ("Duplicate sip trunk name", ConflictError),
    -48: ("The bound agent group cannot be empty", ValidationError),
    -49: ("Bind sip gateway ip cannot be empty", ValidationError),
    -50: ("Please enter the correct format of sip gateway ip, limited to 50 characters", ValidationError),
    -51: ("The bound agent group cannot be repeated", ValidationError),
    -52: ("The agent group has been bound", ConflictError),
    -53: ("Duplicate binding sip gateway ip", ConflictError),
    -54: ("Bind sip whitelist ip cannot be empty", ValidationError),
    -55: ("Please enter the correct format of sip whitelist ip, limited to 50 characters", ValidationError),
    -56: ("Relay primary key ID cannot be empty", ValidationError),
    -57: ("The number must be bound to the agent group", ValidationError),
    -58: ("The number bound under the agent group must be within 50 characters in length.", ValidationError),
    -59: (
        "The bound number already has an inbound SIP trunk. Please check whether it has been bound repeatedly; "
        "if not, please contact the business handler.",
        ConflictError,
    ),
    -60: ("Duplicate binding sip whitelist ip", ConflictError),
    -61: ("The number bound to the agent group cannot find the country direction.", ValidationError),
}


@pytest.mark.parametrize("code", UPDATE_PAGE)
def test_each_code_of_the_update_page_has_its_words_and_its_exception(code: int) -> None:
    entry = SIP_TRUNKS[code]
    assert (entry.code, entry.wording, entry.error) == (code, *UPDATE_PAGE[code])


def test_beyond_the_update_page_there_is_only_what_is_shared() -> None:
    assert set(SIP_TRUNKS.codes) == {*UPDATE_PAGE, -24}
    assert SIP_TRUNKS[-24].error is NotFoundError
    assert set(SHARED.codes) == {-1, -2, -16, -18, -20, -22, -23, -24}


@pytest.mark.parametrize(
    ("family", "code", "error"),
    [
        (AI_VOICE, -1, AuthenticationError),
        (AI_VOICE, -4, TimestampExpiredError),
        (AI_VOICE, -6, IpNotAllowedError),
        (WHATSAPP, -1, AuthenticationError),
        (WHATSAPP, -4, TimestampExpiredError),
        (WHATSAPP, -5, ServerError),
        (WHATSAPP, -6, IpNotAllowedError),
        (SHARED, -4, ApiError),
        (SHARED, -53, ApiError),
        (WHATSAPP, -16, ApiError),
        (WHATSAPP, -18, ApiError),
        (AI_VOICE, -16, ApiError),
        (AI_VOICE, -53, ApiError),
    ],
)
def test_a_code_means_something_in_its_own_family_only(family: CodeFamily, code: int, error: type[ApiError]) -> None:
    assert family[code].error is error


@given(code=st.integers(), family=st.sampled_from(CODE_FAMILIES))
def test_any_other_code_is_a_plain_error_that_leaves_the_outcome_open(code: int, family: CodeFamily) -> None:
    entry = family[code]
    assert entry.code == code
    if code not in family.codes:
        assert entry.error is ApiError
        assert entry.error("").may_have_been_processed is True


ENTRIES = [entry for family in CODE_FAMILIES for entry in family.codes.values()]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.code))
def test_each_entry_reads_well_in_an_error(entry: Code) -> None:
    assert entry.code != SUCCESS
    assert entry.meaning[0].islower()
    assert not entry.meaning.endswith(".")
    assert entry.advice.endswith(".")
    assert entry.advice[0].isupper()


def test_the_endpoints_with_advice_of_their_own_are_found_by_their_names() -> None:
    own = {str(endpoint): endpoint.family for endpoint in ENDPOINTS if endpoint.family not in CODE_FAMILIES}
    assert codes_by_endpoint() == own


def test_advice_differs_by_endpoint_and_nothing_else_does() -> None:
    assert UPDATE.family is not ADD.family
    for code, entry in UPDATE.family.codes.items():
        assert attrs.evolve(entry, advice="") == attrs.evolve(SIP_TRUNKS[code], advice="")
    # An update has no type, so that its advice names what can be given.
    assert 'extra={"type": 1}' in UPDATE.family[-44].advice
    assert ADD.family[-44].advice == "Give type 1 (outbound) or 2 (inbound)."


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_advice_names_only_fields_that_the_request_has(endpoint: Any) -> None:
    fields = {name for kind in (endpoint.request_type, GroupBinding) for name in attrs.fields_dict(kind)}
    if endpoint is LIST:
        return  # the page has no list of codes of its own: they are those of the family
    ours = {name for kind in (SipTrunkUpdate, SipTrunkAdd, GroupBinding) for name in attrs.fields_dict(kind)}
    for code, entry in endpoint.family.codes.items():
        if endpoint is ADD and code == -56:
            continue  # an add has no key id to be missing
        named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b|\btype \d", entry.advice)) & (ours | {"type 1", "type 2"})
        assert {name.split(" ")[0] for name in named} <= fields


def test_only_the_two_transient_failures_are_transient() -> None:
    transient = {
        (family.name, entry.code)
        for family in CODE_FAMILIES
        for entry in family.codes.values()
        if issubclass(entry.error, TransientError)
    }
    on_top_of_shared = {family.name for family in CODE_FAMILIES if SHARED.codes.items() <= family.codes.items()}
    assert transient == {(name, code) for name in on_top_of_shared for code in (-16, -18)} | {
        ("AI voice", -4),
        ("WhatsApp", -4),
        ("WhatsApp", -5),
    }


def test_families_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SHARED.codes[-1] = SHARED[-2]  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/aivoice/task", AI_VOICE),
        ("/wa/template/query", WHATSAPP),
        ("/v3/cc/seat/unknown", SHARED),
        ("/wallet", SHARED),
        ("/aivoiceX", SHARED),
        ("/v3/wa/", SHARED),
        ("/", SHARED),
    ],
)
def test_a_paths_family(path: str, family: CodeFamily) -> None:
    assert family_of_path(path) is family


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_an_endpoint_is_pickled_and_copied(endpoint: Endpoint[Any, Any]) -> None:
    assert pickle.loads(pickle.dumps(endpoint)) == endpoint
    assert copy.deepcopy(endpoint) == endpoint
