"""What the envelope of an answer says, and which answers have none."""

import re
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings, strategies as st

from itnio_async.api.paths import form_of_path
from itnio_async.calls.envelope import NotAnEnvelope, read_envelope
from itnio_async.endpoint import EnvelopeForm

STATUS, CODE = EnvelopeForm.STATUS, EnvelopeForm.CODE


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (b'"0"', 0),
        (b"0", 0),
        (b'"-16"', -16),
        (b"-16", -16),
        (b"-0", 0),
        (b"0.0", 0),
        (b"-16.0", -16),
        (b"1e2", 100),
        (b'"200"', 200),
        (b"9223372036854775807", 2**63 - 1),
    ],
)
@pytest.mark.parametrize(("form", "key"), [(STATUS, b"status"), (CODE, b"code")])
def test_a_code_arrives_as_a_number_or_as_text(status: bytes, code: int, form: EnvelopeForm, key: bytes) -> None:
    envelope = read_envelope(b'{"%b": %b}' % (key, status), form)
    assert envelope.status == code
    assert type(envelope.status) is int
    assert envelope.data is None
    assert envelope.reason == ""


@pytest.mark.parametrize(
    "status",
    [
        b"null",
        b"true",
        b"false",
        b'""',
        b'" "',
        b'"ok"',
        b'"0x0"',
        b"0.5",
        b'"0.0"',
        b"[]",
        b"[0]",
        b"{}",
        b'{"status":0}',
        b"1e999",
        b"1e400",
        b"1e300",
        b"-1e300",
        b"9" * 400,
        b'"%b"' % (b"9" * 400),
    ],
)
def test_a_code_of_another_kind_is_no_envelope(status: bytes) -> None:
    with pytest.raises(NotAnEnvelope):
        read_envelope(b'{"status": %b, "reason": "x", "data": null}' % status, STATUS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"<html><body>502 Bad Gateway</body></html>", "no JSON"),
        (b"status=0&reason=success", "no JSON"),
        (b'{"status": "0", "reason": "suc', "no JSON"),
        (b'{"status": "0"}{"status": "0"}', "no JSON"),
        (b"{'status': '0'}", "no JSON"),
        (b'{"status": NaN}', "no JSON"),
        (b'{"status": "0", "reason": "\xff"}', "no JSON"),
        (b'{"status": "0", "reason": "\\ud800"}', "no JSON"),
        (b"\xff\xfe{\x00}\x00", "no JSON"),
        (b"\x00" * 100, "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a":' * 100_000, "no JSON"),
        (b'{"status":0,"data":' + b"[" * 2000 + b"]" * 2000 + b"}", "no JSON"),
        (b"[]", "not an object"),
        (b'[{"status": "0"}]', "not an object"),
        (b'"0"', "not an object"),
        (b"0", "not an object"),
        (b"null", "not an object"),
        (b"true", "not an object"),
        (b"{}", "no `status`"),
        (b'{"code": 0, "msg": "success"}', "no `status`"),
        (b'{"data": {"status": 0}, "reason": "success"}', "no `status`"),
        (b'{"Status": 0}', "no `status`"),
    ],
)
def test_what_is_no_envelope_is_said(content: bytes, said: str) -> None:
    with pytest.raises(NotAnEnvelope, match=said) as caught:
        read_envelope(content, STATUS)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("content", [b'{"msg": "x"}', b'{"data": [{"code": 0}], "msg": "success"}'])
def test_the_second_form_needs_one_of_its_own_keys(content: bytes) -> None:
    with pytest.raises(NotAnEnvelope, match="no `code` and no `status`"):
        read_envelope(content, CODE)


@pytest.mark.parametrize(
    ("form", "content", "status", "reason"),
    [
        (STATUS, {"status": 0, "code": -1, "reason": "a", "msg": "b"}, 0, "a"),
        (STATUS, {"status": 0, "msg": "b"}, 0, ""),
        (CODE, {"status": -1, "code": 0, "msg": "b", "reason": "a"}, 0, "b"),
        (CODE, {"code": 0, "reason": "a"}, 0, "a"),
        (CODE, {"code": 0, "msg": None, "reason": "a"}, 0, "a"),
        (CODE, {"status": "-20", "reason": "a"}, -20, "a"),
    ],
)
def test_each_form_has_its_own_keys(form: EnvelopeForm, content: dict[str, Any], status: int, reason: str) -> None:
    envelope = read_envelope(orjson.dumps(content), form)
    assert (envelope.status, envelope.reason, envelope.raw) == (status, reason, content)


@pytest.mark.parametrize(
    "data",
    [None, 0, -16, 1.5, "", "text", [], [{"status": -1}], {}, {"status": "-18", "code": -1, "reason": "its own"}],
)
def test_what_is_inside_data_is_never_the_envelopes(data: Any) -> None:
    envelope = read_envelope(orjson.dumps({"data": data, "status": "0", "reason": "success"}), STATUS)
    assert (envelope.status, envelope.reason, envelope.data) == (0, "success", data)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (b"null", ""),
        (b'""', ""),
        (b"12", "12"),
        (b"true", "true"),
        (b'{"a": [1]}', '{"a":[1]}'),
        (b"[" * 300 + b"]" * 300, ""),
    ],
)
def test_a_reason_of_any_kind_becomes_text(reason: bytes, text: str) -> None:
    envelope = read_envelope(b'{"status": -1, "reason": %b}' % reason, STATUS)
    assert envelope.status == -1
    assert envelope.reason == text


@settings(deadline=None)
@given(content=st.binary(max_size=200), form=st.sampled_from(EnvelopeForm))
def test_any_bytes_are_an_envelope_or_said_to_be_none(content: bytes, form: EnvelopeForm) -> None:
    with suppress(NotAnEnvelope):
        assert type(read_envelope(content, form).status) is int


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["status", "code", "reason", "msg", "data", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-99, 99) | st.floats() | st.text(), st.lists, max_leaves=5
        ),
    ),
    st.sampled_from(EnvelopeForm),
)
def test_any_object_is_an_envelope_exactly_if_its_code_is_a_whole_number(
    content: dict[str, Any], form: EnvelopeForm
) -> None:
    content = orjson.loads(orjson.dumps(content))
    code = next((content[key] for key in form.code_keys if key in content), None)
    whole = isinstance(code, int | float) and not isinstance(code, bool) and code == int(code) and abs(code) < 2**53
    if not whole and not (isinstance(code, str) and re.fullmatch("-?[0-9]{1,20}", code)):
        with pytest.raises(NotAnEnvelope):
            read_envelope(orjson.dumps(content), form)
        return
    envelope = read_envelope(orjson.dumps(content), form)
    assert envelope.status == int(code)
    beside = {name: value for name, value in content.items() if name not in ("status", "reason")} or None
    assert envelope.data == (beside if form is EnvelopeForm.BESIDE else content.get("data"))
    assert envelope.raw == content


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/voice/group/call/send", CODE),
        ("/voice/group/call/detail/7", CODE),
        ("/voice/recallFlow/cancel", CODE),
        ("/voice/groupQuery", STATUS),
        ("/voice/recallFlowX", STATUS),
        ("/v3/cc/sipTrunk/update", STATUS),
        ("/x/voice/group/call/send", STATUS),
    ],
)
def test_only_the_paths_that_say_so_have_the_second_form(path: str, form: EnvelopeForm) -> None:
    assert form_of_path(path) is form
