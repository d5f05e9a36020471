"""The answer of an attempt: read within bounds, and judged."""

import gzip
import pickle
import time
import zlib
from collections.abc import AsyncIterator
from itertools import pairwise
from types import NoneType
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings, strategies as st
from support.attempts import MOMENT, PASSWORD, SECRET, SIGN, an_attempt

from itnio_async import (
    ApiError,
    ConflictError,
    Page,
    Response,
    ServerError,
    SipTrunk,
    TimestampExpiredError,
    UnexpectedResponseError,
    ValidationError,
)
from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.calls.answer import judge, read_content, server_time, whole_content
from itnio_async.calls.request import Attempt
from itnio_async.endpoint import EnvelopeForm
from itnio_async.transport.messages import LazyResponse


def an_answer(content: Any, http_status: int = 200, **headers: str) -> LazyResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = httpx.Headers(named).raw
    return LazyResponse(http_status, raw, content if isinstance(content, bytes) else orjson.dumps(content))


def verdict(answer: LazyResponse, attempt: Attempt[Any] | None = None) -> Any:
    """Return what the answer means, be it a response or an error."""
    attempt = attempt or an_attempt()
    attempt.note_head(answer)
    content = whole_content(answer, 2**24)
    assert content is not None
    try:
        return judge(attempt, content)
    except (ApiError, UnexpectedResponseError) as error:
        return error


# -- success ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["0", 0, 0.0])
@pytest.mark.parametrize(
    "data", [None, 0, 5, -16, "", "text", [], [1], {}, {"status": -18, "code": "-1", "reason": "its own"}]
)
@pytest.mark.parametrize("http_status", [200, 201, 299])
def test_a_success_with_any_data(status: Any, data: Any, http_status: int) -> None:
    content = {"status": status, "reason": "success", "data": data, "more": 1}
    response = verdict(an_answer(content, http_status, x_id="7"))
    assert isinstance(response, Response)
    assert response.data is None  # an update's answer says nothing
    assert response.raw == content
    assert (response.status, response.reason, response.http_status) == (0, "success", http_status)
    assert (response.headers["X-Id"], response.attempts) == ("7", 2)
    assert response.elapsed >= 0
    assert type(response.status) is int


def test_a_success_without_data() -> None:
    assert verdict(an_answer({"status": "0"})).data is None
    assert verdict(an_answer({"status": 0}), an_attempt(Page[SipTrunk])).data == Page()
    assert verdict(an_answer({"status": 0}), an_attempt(int)).data is None


@pytest.mark.parametrize("data", [1234, "1234", 1234.0])
def test_a_new_trunks_key_id_in_any_form(data: Any) -> None:
    response = verdict(an_answer({"status": 0, "data": data}), an_attempt(int))
    assert response.data == 1234
    assert type(response.data) is int


def test_a_records_own_status_and_code_are_its_own() -> None:
    page = {"total": 1, "records": [{"keyId": 1, "status": "-18", "code": 86}], "status": "-1"}
    response = verdict(an_answer({"status": 0, "data": page}), an_attempt(Page[SipTrunk]))
    assert response.data.records[0].extra == {"status": "-18", "code": 86}
    assert response.data.extra == {"status": "-1"}


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("http_status", [200, 204, 302, 400, 401, 404, 429, 500, 502, 503, 599])
@pytest.mark.parametrize(
    ("status", "kind"),
    [("-53", ConflictError), (-45, ValidationError), ("-16", TimestampExpiredError), (-18, ServerError)],
)
def test_a_code_decides_at_any_http_status(status: Any, kind: type[ApiError], http_status: int) -> None:
    error = verdict(an_answer({"status": status, "reason": "said so", "data": None}, http_status))
    assert type(error) is kind
    assert (error.code, error.reason, error.http_status, error.attempts) == (int(status), "said so", http_status, 2)
    assert error.meaning == SIP_TRUNKS[error.code].meaning
    assert error.advice == SIP_TRUNKS[error.code].advice
    assert error.endpoint == "POST /v3/cc/sipTrunk/update"
    assert error.may_have_been_processed is (kind is ServerError)


@pytest.mark.parametrize("status", [1, "200", -999, "99999999999999999999", -(2**63)])
def test_a_code_that_nobody_documents_is_a_plain_error(status: Any) -> None:
    error = verdict(an_answer({"status": status}))
    assert type(error) is ApiError
    assert error.code == int(status)
    assert error.may_have_been_processed is True


def test_the_second_form_is_only_for_those_who_say_so() -> None:
    second = {"code": "-22", "msg": "Parameter exception"}
    error = verdict(an_answer(second), an_attempt(form=EnvelopeForm.CODE))
    assert (type(error), error.reason) == (ValidationError, "Parameter exception")
    assert isinstance(verdict(an_answer(second)), UnexpectedResponseError)
    # Those may have the first instead: the pages of one endpoint disagree.
    first = {"status": "-22", "reason": "Parameter exception"}
    error = verdict(an_answer(first), an_attempt(form=EnvelopeForm.CODE))
    assert (type(error), error.reason) == (ValidationError, "Parameter exception")


# -- what is not the API's --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("http_status", [100, 199, 300, 301, 302, 304, 307, 400, 404, 429, 500, 503, 599, 700, 999])
def test_a_success_outside_2xx_is_none(http_status: int) -> None:
    error = verdict(an_answer({"status": "0", "reason": "success", "data": None}, http_status))
    assert isinstance(error, UnexpectedResponseError)
    assert error.http_status == http_status
    assert f"HTTP {http_status}" in str(error)
    assert error.may_have_been_processed is True


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"<html><head><title>502 Bad Gateway</title></head></html>",
        b"\xff\xfe\x00",
        b'{"status": "0", "reason": "succ',
        b'{"status": "0", "data": "\xc3"}',
        b"[]",
        b'[{"status": 0}]',
        b"null",
        b"0",
        b'"0"',
        b"true",
        b"{}",
        b'{"data": {"status": 0}}',
        b'{"status": null}',
        b'{"status": true}',
        b'{"status": false, "data": 1}',
        b'{"status": 0.5}',
        b'{"status": 1e999}',
        b'{"status": [0]}',
        b'{"status": {"status": 0}}',
        b'{"status": "zero"}',
        b'{"status": ""}',
        b'{"status": ' + b"9" * 5000 + b"}",
        b'{"status": "' + b"9" * 5000 + b'"}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
    ids=lambda content: repr(content)[:30],
)
@pytest.mark.parametrize("http_status", [200, 302, 404, 502])
def test_any_other_answer_is_unexpected(content: bytes, http_status: int) -> None:
    error = verdict(an_answer(content, http_status))
    assert isinstance(error, UnexpectedResponseError)
    assert error.http_status == http_status
    assert len(error.body) <= 2000
    assert error.body == content.decode(errors="replace")[:2000]
    assert len(str(error)) < 1000
    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("http_status", "advice"),
    [
        (200, "look at its text"),
        (302, "Redirects are never followed"),
        (404, "look at its text and at the API's address"),
        (429, "wait as long as it says"),
        (502, "gateway"),
    ],
)
def test_the_advice_goes_by_the_http_status(http_status: int, advice: str) -> None:
    assert advice in str(verdict(an_answer(b"<html>", http_status)))


@pytest.mark.parametrize(
    ("response_type", "data", "path"),
    [
        (int, "twelve", "data"),
        (int, {"keyId": 1}, "data"),
        (int, True, "data"),
        (Page[SipTrunk], 5, "data"),
        (Page[SipTrunk], {"total": []}, "data.total"),
        (
            Page[SipTrunk],
            {"records": [{}, {"groupList": [{"voiceGroupId": "x"}]}]},
            "data.records[1].groupList[0].voiceGroupId",
        ),
        (Page[SipTrunk], {"records": [5]}, "data.records[0]"),
    ],
)
def test_a_field_of_an_impossible_type_is_named_with_its_path(response_type: Any, data: Any, path: str) -> None:
    error = verdict(an_answer({"status": 0, "data": data}), an_attempt(response_type))
    assert isinstance(error, UnexpectedResponseError)
    assert f"`{path}`: expected" in str(error)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    content=st.binary(max_size=100)
    | JSON_VALUES.map(orjson.dumps)
    | st.fixed_dictionaries({}, optional=dict.fromkeys(("status", "code", "reason", "msg", "data"), JSON_VALUES)).map(
        orjson.dumps
    )
    | JSON_VALUES.map(lambda data: orjson.dumps({"status": 0, "data": data})),
    http_status=st.sampled_from([200, 204, 302, 429, 500]),
    response_type=st.sampled_from([None, NoneType, int, Page[SipTrunk]]),
    form=st.sampled_from(EnvelopeForm),
)
def test_any_answer_is_data_or_our_error(
    content: bytes, http_status: int, response_type: Any, form: EnvelopeForm
) -> None:
    outcome = verdict(an_answer(content, http_status), an_attempt(response_type, form))
    assert outcome.http_status == http_status
    if isinstance(outcome, Exception):
        assert str(pickle.loads(pickle.dumps(outcome))) == str(outcome)


# -- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, SECRET.upper(), SIGN, SIGN.upper(), PASSWORD])
@pytest.mark.parametrize("http_status", [200, 500])
def test_a_secret_that_an_answer_repeats_is_blanked_out(secret: str, http_status: int) -> None:
    said = f"wrong request: {secret}!"
    outcomes = [
        verdict(an_answer({"status": -22, "reason": said}, http_status)),
        verdict(an_answer({"status": -22, "reason": {"said": said}}, http_status)),
        verdict(an_answer({"reason": said, "data": [said]}, http_status)),
        verdict(an_answer(f"<html>{said}</html>".encode(), http_status)),
    ]
    for error in outcomes:
        shown = f"{error} {error!r} {vars(error)} {error.args} {pickle.dumps(error)!r}"
        assert secret not in shown
        assert orjson.dumps(secret).decode()[1:-1] not in shown
        assert "***" in f"{vars(error)}"


def test_a_reason_is_cut_and_a_secret_at_the_cut_leaves_nothing() -> None:
    for start in range(1980, 2002):
        error = verdict(an_answer({"status": -22, "reason": "x" * start + SECRET + "y" * 5000}))
        assert len(error.reason) <= 2000
        assert set(error.reason) <= set("x*y")
        unexpected = verdict(an_answer(b"x" * start + SECRET.encode() + b"y" * 5000))
        assert len(unexpected.body) <= 2000
        assert set(unexpected.body) <= set("x*y")


@pytest.mark.parametrize(
    ("code", "word"), [(-47, "trunk"), (-47, "name"), (-1, "error"), (-56, "Relay"), (-58, "50 c")]
)
def test_a_password_in_the_vendors_own_wording_is_not_given_away(code: int, word: str) -> None:
    wording = SIP_TRUNKS[code].wording
    assert word.lower() in wording.lower()
    for content in (b'{"sipPassword": "%b"}' % word.encode(), orjson.dumps({"sipPassword": wording})):
        for reason in (wording, wording.upper(), f"  {wording.rstrip('.')}. ", wording.replace(" ", "  ")):
            assert verdict(an_answer({"status": code, "reason": reason}), an_attempt(content=content)).reason == reason
    other = verdict(an_answer({"status": code, "reason": f"{wording}: {word}word"}), an_attempt(content=content))
    assert "***" in other.reason or wording not in other.reason


@pytest.mark.parametrize("code", [-47, -999])
def test_a_reason_in_other_words_is_blanked_and_short_passwords_left(code: int) -> None:
    said = {"status": code, "reason": "bad value trunk, with abc"}
    assert verdict(an_answer(said), an_attempt(content=b'{"sipPassword": "trunk"}')).reason == "bad value ***, with abc"
    assert verdict(an_answer(said), an_attempt(content=b'{"sipPassword": "abc"}')).reason == said["reason"]


@pytest.mark.parametrize("odd", [{"keyId": "x"}, {"groupList": 7}, {"extraThing": float("inf"), "state": [1]}])
def test_passwords_of_a_listing_with_an_odd_field_are_not_in_its_body(odd: dict[str, Any]) -> None:
    records = [{"keyId": 1, "sipPassword": f"of-{number}", "sipAccount": "me"} for number in range(100)]
    answer = an_answer({"status": 0, "data": {"records": [*records, {**records[0], **odd}]}})
    error = verdict(answer, an_attempt(Page[SipTrunk]))
    assert isinstance(error, UnexpectedResponseError)
    assert "of-" not in f"{vars(error)}"
    assert "me" in error.body


# -- Retry-After and Date ---------------------------------------------------------------------------------------------

DATE = "Wed, 01 Sep 2021 04:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("5", None, 5.0),
        (" 120 ", None, 120.0),
        ("0", None, 0.0),
        ("Wed, 01 Sep 2021 04:00:30 GMT", DATE, 30.0),
        ("Wed, 01 Sep 2021 03:00:00 GMT", DATE, 0.0),
        ("Wed, 01 Sep 2021 04:00:30 GMT", None, None),
        ("Wed, 01 Sep 2021 04:00:30 GMT", "nonsense", None),
        ("", DATE, None),
        ("-5", DATE, None),
        ("1.5", DATE, None),
        ("soon", DATE, None),
        ("9" * 400, DATE, None),
        ("Wed, 99 Sep 2021", DATE, None),
    ],
)
def test_retry_after_in_both_forms(text: str, date: str | None, seconds: float | None) -> None:
    headers = {"retry_after": text} if date is None else {"retry_after": text, "date": date}
    assert verdict(an_answer(b"<html>", 429, **headers)).retry_after == seconds


def test_without_retry_after_there_is_none() -> None:
    assert verdict(an_answer(b"<html>", 429)).retry_after is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (DATE, MOMENT),
        ("Wed, 01 Sep 2021 12:00:00 +0800", MOMENT),
        ("Wednesday, 01-Sep-21 04:00:00 GMT", MOMENT),
        ("Wed Sep  1 04:00:00 2021", MOMENT),
        ("Wed, 01 Sep 2021 04:00:00", MOMENT),
        ("Wed, 01 Sep 2021 04:00:00 -0000", MOMENT),
        ("", None),
        ("nonsense", None),
        ("1630468800", None),
        ("Wed, 32 Sep 2021 04:00:00 GMT", None),
        ("Wed, 01 Sep 99999 04:00:00 GMT", None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_the_servers_time_is_in_gmt_wherever_this_machine_is(
    text: str, moment: float | None, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert server_time(httpx.Headers({"Date": text})) == moment
    finally:
        monkeypatch.undo()
        time.tzset()


def test_without_a_date_the_servers_time_is_unknown() -> None:
    assert server_time(httpx.Headers()) is None


@settings(deadline=None)
@given(
    st.text(st.characters(max_codepoint=255))
    | st.from_regex(r"\w{3}, -?\d{1,9} [A-Z][a-z]{2} -?\d{1,9} \d+:\d+:\d+ [+-]?\w{3,9}", fullmatch=True)
)
def test_any_text_as_a_date_is_a_time_or_unknown(text: str) -> None:
    moment = server_time(httpx.Headers([(b"Date", text.encode("latin-1", "replace"))]))
    assert moment is None or isinstance(moment, float)


# -- reading ----------------------------------------------------------------------------------------------------------


class Stream(httpx.AsyncByteStream):
    """Gives chunks one after another, and knows how many were taken and whether it was closed."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks = chunks
        self.error = error
        self.taken = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.taken += 1
            yield chunk
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True


def compressed(body: bytes, coding: str) -> bytes:
    if coding == "raw deflate":
        return zlib.compress(body, wbits=-15)
    return zlib.compress(body) if coding == "deflate" else gzip.compress(body, mtime=0)


async def read(*chunks: bytes, most: int = 1000, coding: str | None = None, http_status: int = 200) -> bytes:
    stream = Stream(*chunks)
    headers = {} if coding is None else {"Content-Encoding": coding}
    try:
        return await read_content(httpx.Response(http_status, headers=headers, stream=stream), most)
    finally:
        assert stream.closed


@pytest.mark.parametrize("chunks", [[], [b""], [b"abc"], [b"a", b"", b"bc"], [b"x"] * 1000])
@pytest.mark.parametrize("coding", [None, "identity", "Identity"])
async def test_a_body_is_read_whole_and_the_stream_closed(chunks: list[bytes], coding: str | None) -> None:
    assert await read(*chunks, coding=coding) == b"".join(chunks)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", " gzip ", "deflate"])
@pytest.mark.parametrize("size", [1, 3, 10_000])
async def test_a_compressed_body_is_decompressed_although_nobody_asked(coding: str, size: int) -> None:
    body = b'{"status": "0"}' * 20
    packed = compressed(body, coding)
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert await read(*chunks, coding=coding) == body


@settings(deadline=None)
@given(
    body=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 400), max_size=5),
    coding=st.sampled_from(["gzip", "deflate"]),
)
async def test_any_compressed_body_in_any_parts(body: bytes, cuts: list[int], coding: str) -> None:
    packed = compressed(body, coding)
    edges = [0, *sorted(cuts), len(packed)]
    chunks = [packed[start:end] for start, end in pairwise(edges)]
    assert await read(*chunks, coding=coding) == body


@pytest.mark.parametrize("coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize(("size", "fits"), [(999, True), (1000, True), (1001, False)])
async def test_the_limit_counts_decoded_bytes_exactly(coding: str | None, size: int, fits: bool) -> None:
    body = bytes(size)
    chunk = body if coding is None else compressed(body, coding)
    if fits:
        assert await read(chunk, coding=coding) == body
        return
    with pytest.raises(UnexpectedResponseError, match=r"larger than 1000 bytes \(max_response_bytes\)") as caught:
        await read(chunk, coding=coding, http_status=502)
    assert caught.value.http_status == 502
    assert caught.value.may_have_been_processed is True


async def test_an_endless_answer_is_refused_while_it_arrives() -> None:
    stream = Stream(*[b"x" * 100] * 10_000)
    with pytest.raises(UnexpectedResponseError):
        await read_content(httpx.Response(200, stream=stream), 1000)
    assert stream.taken == 11
    assert stream.closed


async def test_a_bomb_is_refused_before_it_goes_off() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 100_000
    stream = Stream(bomb[:50_000], bomb[50_000:])
    started = time.process_time()
    with pytest.raises(UnexpectedResponseError, match="larger than 1000 bytes"):
        await read_content(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream), 1000)
    assert time.process_time() - started < 0.05
    assert stream.taken == 1


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "nonsense" * 100])
async def test_a_coding_that_nobody_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(UnexpectedResponseError, match="not asked for") as caught:
        await read(b"abc", coding=coding)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [b"plain text", b"\x1f\x8bbroken", compressed(b"x" * 50, "raw deflate")])
async def test_what_says_that_it_is_compressed_and_is_not(coding: str, body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError, match="is not"):
        await read(body, coding=coding)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("cut", [1, 3, 5, 8, 12, 20])
async def test_a_compressed_answer_that_ends_early_is_not_taken_for_whole(cut: int, coding: str) -> None:
    packed = compressed(b'{"status": "0", "data": null}', coding)
    with pytest.raises(UnexpectedResponseError, match="cut off") as caught:
        await read(packed[:-cut], coding=coding, http_status=502)
    assert caught.value.http_status == 502


@pytest.mark.parametrize(
    "behind", [b"\0", b"\0" * 512, b"x" * 2**20, gzip.compress(b"more", mtime=0), gzip.compress(b"", mtime=0)]
)
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("together", [True, False])
async def test_a_compressed_answer_that_goes_on_after_its_end_is_refused(
    coding: str, behind: bytes, together: bool
) -> None:
    packed = compressed(b'{"status": "0"}', coding)
    stream = Stream(*([packed + behind] if together else [packed, b"", behind]), *[behind] * 1000)
    with pytest.raises(UnexpectedResponseError, match="goes on after the end"):
        await read_content(httpx.Response(200, headers={"Content-Encoding": coding}, stream=stream), 1000)
    assert stream.taken == (1 if together else 3)
    assert stream.closed


@pytest.mark.parametrize("chunks", [[], [b""]])
async def test_an_answer_without_a_body_is_not_cut_off(chunks: list[bytes]) -> None:
    assert await read(*chunks, coding="gzip") == b""


@pytest.mark.parametrize("most", [3, 1000])
async def test_an_answer_that_was_read_before_is_taken_as_it_is(most: int) -> None:
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(b"abcd", mtime=0))
    await response.aread()
    if most < 4:
        with pytest.raises(UnexpectedResponseError, match="larger"):
            await read_content(response, most)
    else:
        assert await read_content(response, most) == b"abcd"


async def test_an_answer_that_a_middleware_used_up_is_said() -> None:
    response = httpx.Response(200, stream=Stream(b"abc"))
    async for _ in response.aiter_raw():
        pass
    with pytest.raises(UnexpectedResponseError, match="used up the answer"):
        await read_content(response, 1000)


async def test_a_stream_that_breaks_is_closed_and_its_error_passes() -> None:
    stream = Stream(b"abc", error=httpx.ReadError("reset"))
    with pytest.raises(httpx.ReadError):
        await read_content(httpx.Response(200, stream=stream), 1000)
    assert stream.closed


def pooled(body: bytes, coding: str | None = None) -> LazyResponse:
    headers = [(b"Date", DATE.encode())] + ([] if coding is None else [(b"Content-Encoding", coding.encode())])
    return LazyResponse(200, headers, body)


@pytest.mark.parametrize(
    ("coding", "body"), [(None, b"abcd"), ("identity", b"abcd"), ("gzip", gzip.compress(b"abcd", mtime=0))]
)
@pytest.mark.parametrize("most", [3, 4])
async def test_an_answer_of_the_pool_is_bounded_and_decoded_alike(coding: str | None, body: bytes, most: int) -> None:
    if most < 4:
        with pytest.raises(UnexpectedResponseError, match="larger than 3 bytes"):
            await read_content(pooled(body, coding), most)
        return
    assert await read_content(pooled(body, coding), most) == b"abcd"


@pytest.mark.parametrize("coding", ["hunter2", "gzip, hunter2", "br;hunter2"])
async def test_a_coding_that_may_be_anything_is_not_shown(coding: str) -> None:
    with pytest.raises(UnexpectedResponseError, match=r"compressed, which was not asked for") as caught:
        await read_content(pooled(b"abcd", coding), 1000)
    assert "hunter2" not in f"{caught.value!r}{caught.value}{caught.value.args}"


async def test_an_answer_of_the_pool_in_a_coding_that_nobody_asked_for_is_refused() -> None:
    with pytest.raises(UnexpectedResponseError, match="'br', which was not asked for"):
        await read_content(pooled(b"abcd", "br"), 1000)
