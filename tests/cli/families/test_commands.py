"""The commands made from the calls of the families, with the vendor's samples as their requests and answers."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given, strategies as st
from support.facts import FACTS, assert_same_address, example, sent_sample
from support.families import all_of, path_pattern
from support.values import KEY, SECRET

from cli.conftest import Result
from itnio_async.api.paths import FAMILIES, calls, calls_of
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, ERROR, OUTCOME_UNKNOWN, REFUSED, CommandError
from itnio_async.cli.families.commands import function_of
from itnio_async.cli.families.inputs import field_texts, inputs_of
from itnio_async.cli.families.words import command_of, families, help_of, is_asked_about, summary_of

BASE = "https://api.itniotech.com"
ITNIO = Callable[..., Result]

LINES: dict[str, str] = all_of("LINES")
CALLS = {str(call): call for call in calls()}
EACH = pytest.mark.parametrize("name", LINES)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[respx.MockRouter]:
    monkeypatch.setenv("ITNIO_API_KEY", KEY)
    monkeypatch.setenv("ITNIO_API_SECRET", SECRET)
    monkeypatch.delenv("ITNIO_BASE_URL", raising=False)
    with respx.mock(base_url=BASE) as router:
        yield router


def arguments(name: str, tmp_path: Path) -> list[str]:
    line = f"{command_of(CALLS[name])} {LINES[name]}".replace("PASSWORD", "SECRET:123456")
    return shlex.split(re.sub(r"SECRET:(\w+)", lambda found: str(secret_file(tmp_path, found[1])), line))


def secret_file(folder: Path, secret: str) -> Path:
    file = folder / f"file-{secret}"
    file.write_text(f"{secret}\n")
    file.chmod(0o600)
    return file


def plain(text: str) -> str:
    """Return a line of a terminal without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def route_of(vendor: respx.MockRouter, name: str, answer: Any = None) -> respx.Route:
    endpoint = CALLS[name].endpoint
    return vendor.request(endpoint.method, path__regex=path_pattern(endpoint)).respond(
        json=answer or all_of("ANSWERS").get(name) or {"status": "0", "reason": "success"}
    )


def test_every_family_has_a_word() -> None:
    assert {family for family, _ in families().values()} == {*FAMILIES} - {"sip_trunks", "account"}
    assert len({command_of(call) for call in CALLS.values()}) == len(CALLS)


@pytest.mark.parametrize("call", CALLS.values(), ids=str)
def test_every_call_has_a_help(call: Any) -> None:
    assert len(summary_of(call)) < 130
    assert summary_of(call)[0].isupper()
    assert help_of(call)[-1] in ".!?"
    assert "await" not in help_of(call)
    if call.family == "sip_trunks":
        return
    wanted = inputs_of(call)
    assert all(one.help for one in wanted if one.name not in ("file", "file_name")), [one.name for one in wanted]
    assert function_of(call).__doc__ == help_of(call)
    texts = [help_of(call), *(one.help for one in wanted)]
    assert [text for text in texts if re.search(r"[.,;:][.,;:]| [.,;:](?!\w)", text)] == []


@pytest.mark.parametrize("name", LINES)
def test_the_help_says_what_may_be_repeated(itnio: ITNIO, name: str) -> None:
    many = [one for one in inputs_of(CALLS[name]) if one.is_many and not one.is_argument]
    out = " ".join(itnio(*command_of(CALLS[name]).split(), "--help").out.split())
    assert out.count("may be repeated") == len(many)


@EACH
def test_the_sample_of_the_page_is_sent(itnio: ITNIO, vendor: respx.MockRouter, name: str, tmp_path: Path) -> None:
    route = route_of(vendor, name)
    result = itnio(*arguments(name, tmp_path))
    assert (result.status, result.err) == (DONE, "")
    (made,) = route.calls
    fact = FACTS[str(CALLS[name].endpoint)]
    assert (json.loads(made.request.content) if made.request.content else None) == sent_sample(fact, name)
    assert_same_address(made.request.url, fact.get("examples", {}).get("request_url", str(made.request.url)))


@pytest.mark.parametrize("name", [name for name in LINES if example(FACTS[str(CALLS[name].endpoint)], "response")])
def test_the_sample_answer_is_shown_in_every_form(
    itnio: ITNIO, vendor: respx.MockRouter, name: str, tmp_path: Path
) -> None:
    answer = example(FACTS[str(CALLS[name].endpoint)], "response")
    route_of(vendor, name, answer)
    line = arguments(name, tmp_path)
    out = {form: itnio(*line, "-o", form).out for form in ("json", "jsonl", "csv", "table")}
    whole = json.loads(out["json"])
    lines = [json.loads(text) for text in out["jsonl"].splitlines()]
    assert lines == (whole if isinstance(whole, list) else [whole])
    if CALLS[name].endpoint.response_type in (NoneType, int, str):
        assert whole["outcome"] == "done"
        return
    assert lines
    assert all(lines)
    rows = list(csv.reader(io.StringIO(out["csv"])))
    assert len(rows) == len(lines) + 1
    assert set(rows[0]) == {*lines[0]} - {"extra"}
    assert out["table"]


def test_uploads(itnio: ITNIO, vendor: respx.MockRouter, tmp_path: Path) -> None:
    file = tmp_path / "numbers.xls"
    file.write_bytes(b"numbers")
    answer = {"status": "0", "reason": "", "data": {"filePath": "/a/b.xls", "numberTotalCount": 3}}
    route = route_of(vendor, "call_tasks.upload", answer)
    result = itnio("tasks", "upload", file, "-o", "json")
    assert json.loads(result.out)["file_path"] == "/a/b.xls"
    assert json.loads(route.calls[0].request.content) == {"fileName": "numbers.xls", "file": "bnVtYmVycw=="}
    missing = itnio("tasks", "upload", tmp_path / "none.xls")
    assert missing.status == ERROR
    assert "none.xls: No such file" in missing.err


def test_a_file_beside_the_fields_of_a_request(itnio: ITNIO, vendor: respx.MockRouter, tmp_path: Path) -> None:
    file = tmp_path / "away.wav"
    file.write_bytes(b"numbers")
    route = route_of(vendor, "numbers.update")
    line = ("numbers", "update", "--number", "1", "--app-id", "a", "--enable-voicemail", "no")
    assert itnio(*line, "--file", file).status == DONE
    assert json.loads(route.calls[0].request.content) == {
        "number": "1",
        "appId": "a",
        "enableVoicemail": "0",
        "voicemailFile": "bnVtYmVycw==",
        "voicemailFileName": "away.wav",
    }
    out = itnio("numbers", "update", "--help").out
    assert "--file FILE" in out
    assert "M4A" in out
    # The content itself is no text for a command line.
    assert "--voicemail-file " not in out
    both = itnio(*line, "--file", file, "--null", "voicemail-file")
    assert both.status == REFUSED
    assert "use --file" in both.err
    assert len(route.calls) == 1


def test_secrets_are_stars_unless_they_are_wanted(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    agent = {"keyId": 1, "name": "agent", "password": "made-up-3", "sipPassword": "made-up-4"}
    page = {"total": 1, "size": 100, "current": 1, "pages": 1, "records": [agent]}
    route_of(vendor, "agents.list", {"status": "0", "reason": "", "data": page})
    for form in ("table", "csv", "json", "jsonl"):
        assert "made-up" not in itnio("agents", "list", "-o", form).out
    assert "made-up-3" in itnio("agents", "list", "--show-secrets", "--columns", "password").out
    route_of(vendor, "agents.create_sdk_authentication", {"status": 0, "data": {"authentication": "Bearer made-up"}})
    line = ("agents", "create-sdk-authentication", "account", "60")
    assert "made-up" not in itnio(*line).out
    assert itnio(*line, "--show-secrets", "-o", "json").out == '{"authentication": "Bearer made-up"}\n'


def test_chosen_columns(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    groups = [{"voiceGroupId": number, "groupName": f"group{number}"} for number in (1, 2, 3)]
    page = {"total": 3, "size": 100, "current": 1, "pages": 1, "records": groups}
    route_of(vendor, "agent_groups.list", {"status": "0", "reason": "", "data": page})
    assert itnio("groups", "list", "--columns", "group-name, voice_group_id", "-o", "csv").out.splitlines() == [
        "group_name,voice_group_id",
        "group1,1",
        "group2,2",
        "group3,3",
    ]
    assert itnio("groups", "list", "--columns", "group_name", "--limit", 2, "-o", "jsonl").lines == [
        '{"group_name": "group1"}',
        '{"group_name": "group2"}',
    ]
    refused = itnio("groups", "list", "--columns", "name")
    assert (refused.status, refused.out) == (ERROR, "")
    assert "there is no column 'name'" in refused.err


# The class of these records knows no key of theirs.
FOREIGN = [{"callId": "a", "duration": 3}, {"callId": "b", "voiceUrl": "https://b", "password": "made-up"}]
LIST_VOICE = ("records", "list-voice", "2022-01-01T00:00:00+08:00", "2022-01-31T00:00:00+08:00")


def listed(vendor: respx.MockRouter, name: str, rows: list[Any]) -> None:
    page = {"total": len(rows), "size": 100, "current": 1, "pages": 1, "records": rows}
    route_of(vendor, name, {"status": "0", "reason": "", "data": page})


def test_columns_that_no_class_knows(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    listed(vendor, "call_records.list_voice", FOREIGN)
    result = itnio(*LIST_VOICE, "-o", "csv")
    assert result.lines == ["callId,duration", "a,3", "b,"]
    assert "2 columns left out: voiceUrl, password." in result.err
    chosen = itnio(*LIST_VOICE, "-o", "csv", "--columns", "voiceUrl,password")
    assert chosen.lines == ["voiceUrl,password", ",", "https://b,***"]
    assert chosen.err == ""
    as_json = itnio(*LIST_VOICE, "-o", "json", "--columns", "callId,voiceUrl").out
    assert json.loads(as_json) == [{"callId": "a", "voiceUrl": None}, {"callId": "b", "voiceUrl": "https://b"}]
    for form in ("table", "csv", "json", "jsonl"):
        unknown = itnio(*LIST_VOICE, "-o", form, "--columns", "callId,nope")
        assert (unknown.status, unknown.out) == (ERROR, "")
        assert "choose of callId, duration, voiceUrl, password" in " ".join(unknown.err.split())


def test_records_that_come_before_a_chosen_column_wait_for_it(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    listed(vendor, "call_records.list_voice", [{"callId": str(number)} for number in range(3)] + FOREIGN + [{}])
    chosen = itnio(*LIST_VOICE, "-o", "csv", "--columns", "callId,voiceUrl")
    assert chosen.lines == ["callId,voiceUrl", "0,", "1,", "2,", "a,", "b,https://b", ","]


@pytest.mark.usefixtures("on_terminal")
def test_a_table_of_columns_that_no_class_knows(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    listed(vendor, "call_records.list_voice", FOREIGN)
    result = itnio(*LIST_VOICE)
    assert plain(result.lines[0]).split() == ["callId", "Duration", "voiceUrl", "Password"]
    assert "made-up" not in result.out


def test_the_headings_of_nothing(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    listed(vendor, "agent_groups.list", [])
    assert itnio("groups", "list", "-o", "csv").lines[0].startswith("voice_group_id,group_name,")
    assert itnio("groups", "list", "-o", "json").out == "[]\n"
    assert itnio("groups", "list", "-o", "jsonl").out == ""
    # Nor of what has no pages.
    route_of(vendor, "voice.send_file", {"status": "0", "data": []})
    line = ("voice", "send-file", "--app-id", "a", "--file-id", "f", "--callee", "4915100000001", "--yes", "-o")
    out = {form: itnio(*line, form).out for form in ("csv", "json", "jsonl")}
    assert out == {"csv": "voice_id,callee,termination_code,termination_reason\r\n", "json": "[]\n", "jsonl": ""}


@pytest.mark.usefixtures("on_terminal")
def test_a_table_leaves_out_what_is_empty_and_what_has_no_room(
    itnio: ITNIO, vendor: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = [{"keyId": number, "name": f"agent{number}", "empNo": str(number) * 30, "enable": 0} for number in (1, 2)]
    page = {"total": 2, "size": 100, "current": 1, "pages": 1, "records": agents}
    route_of(vendor, "agents.list", {"status": "0", "reason": "", "data": page})
    wide = itnio("agents", "list")
    assert plain(wide.lines[0]).split() == ["Key", "id", "Emp", "no", "Name", "Enable"]
    assert wide.lines[-1] == "2 records"
    assert "enabled" in wide.out
    assert wide.err == ""
    monkeypatch.setenv("COLUMNS", "34")
    narrow = itnio("agents", "list")
    assert plain(narrow.lines[0]).split() == ["Key", "id", "Emp", "no"]
    assert "2 columns left out: name, enable." in " ".join(narrow.err.split())


@pytest.mark.usefixtures("on_terminal")
def test_only_columns_that_can_be_chosen_are_offered(
    itnio: ITNIO, vendor: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "34")
    template = {"templateId": 1, "appId": "sandbox1", "name": "login", "text": "##code## " * 9}
    route_of(vendor, "otp.list_templates", {"status": "0", "reason": "", "data": [template]})
    shown = itnio("otp", "list-templates")
    assert "1 column left out: text. Give -o json for all." in " ".join(shown.err.split())
    assert itnio("otp", "list-templates", "--columns", "name").status == ERROR


# -- what is asked about ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in LINES if is_asked_about(CALLS[name])])
def test_nothing_is_deleted_and_nobody_called_without_a_yes(
    itnio: ITNIO, vendor: respx.MockRouter, name: str, tmp_path: Path
) -> None:
    line = [word for word in arguments(name, tmp_path) if word != "--yes"]
    result = itnio(*line)
    assert result.status == ERROR
    assert "give --yes" in result.err
    assert not vendor.calls


def test_what_is_asked_about() -> None:
    assert {name for name, call in CALLS.items() if is_asked_about(call)} == all_of("ASKED_ABOUT").keys()


@pytest.mark.usefixtures("on_terminal")
@pytest.mark.parametrize(("typed", "status"), [("y\n", DONE), ("n\n", CHANGES_TO_MAKE), ("\n", CHANGES_TO_MAKE)])
def test_the_question(
    itnio: ITNIO, vendor: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, typed: str, status: int
) -> None:
    if status == DONE:
        route_of(vendor, "agents.delete")
    monkeypatch.setattr("sys.stdin", Answers(typed))
    assert itnio("agents", "delete", 1, 2).status == status
    assert len(vendor.calls) == (status == DONE)


class Answers(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


# -- failures ---------------------------------------------------------------------------------------------------------


def test_a_listing_without_pages_is_limited_all_the_same(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    messages = [{"msgId": str(number), "status": "2"} for number in range(3)]
    route = vendor.get("/sms/getSentRcd").respond(json={"status": "0", "reason": "", "array": messages})
    line = ("sms", "list-sent", "a", "2021-02-12T00:00:00+08:00", "2021-02-13T00:00:00+08:00", "--limit", "2")
    result = itnio(*line, "--columns", "msg-id,status", "-o", "csv")
    assert (result.status, result.out.split()) == (DONE, ["msg_id,status", "0,failed", "1,failed"])
    (made,) = route.calls
    assert "size" not in made.request.url.params


def test_a_part_that_was_refused_is_said(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    answer = {"status": "0", "reason": "", "success": "1", "fail": "1", "array": [{"msgId": "7", "number": "911"}]}
    vendor.post("/sms/sendSms").respond(json=answer)
    line = ("sms", "send", "--app-id", "a", "--numbers", "911", "--numbers", "x", "--content", "hello")
    result = itnio(*line, "--yes", "-o", "json")
    assert result.status == REFUSED
    assert json.loads(result.out)["array"][0]["msg_id"] == "7"
    assert result.err.strip() == "A part was refused by the vendor. What is shown was accepted."


@pytest.mark.parametrize(("codes", "status"), [("0", DONE), ("00", DONE), ("01", REFUSED), ("1", REFUSED)])
def test_results_of_which_some_say_no_are_no_success_to_a_shell(
    itnio: ITNIO, vendor: respx.MockRouter, codes: str, status: int
) -> None:
    route_of(vendor, "voice.send_file", {"status": "0", "data": [{"terminationCode": code} for code in codes]})
    line = ("voice", "send-file", "--app-id", "a", "--file-id", "f", "--callee", "4915100000001", "--yes")
    result = itnio(*line, "-o", "json")
    assert result.status == status
    assert [one["termination_code"] for one in json.loads(result.out)] == list(codes)
    assert ("Not all of it was accepted" in result.err) == (status == REFUSED)


def test_a_refusal(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    route_of(vendor, "agent_groups.delete", {"status": "-64", "reason": "no"})
    result = itnio("groups", "delete", 7, "--yes")
    assert (result.status, result.out) == (REFUSED, "")
    assert "Vendor's code: -64" in result.err
    assert "What to do:" in result.err


def test_an_unknown_outcome(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    vendor.post("/v3/cc/seat/addSeatList").mock(side_effect=httpx.ReadError("gone"))
    result = itnio("agents", "add", "--voice-group-id", 1, "--size", 1)
    assert result.status == OUTCOME_UNKNOWN
    assert "look before you give the command again" in result.err


def test_a_listing_that_fails_is_an_error(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    route_of(vendor, "agents.list", {"status": "-22", "reason": "no"})
    assert itnio("agents", "list").status == ERROR


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("agents delete 1 x --yes", "ID_LIST is 'x'. | give a whole number"),
        ("agents list --enable perhaps", "--enable is 'perhaps'. | give one of enabled, disabled."),
        ("agents list --status sleepy", "give one of offline, idle, busy, wrap-up, on-break, or the number of another"),
        ("agents list --voice-group-id \u0661", "give a whole number"),
        (f"agents list --voice-group-id {'9' * 5000}", "give a whole number"),
        ("agents list --status 1_0", "or the number of another"),
        (f"agents list --status {'9' * 5000}", "or the number of another"),
        ("voice send-code --app-id a --callee 4915100000001 --language EN --text a -y --speaking-rate 1_0", "a number"),
        ("voice send-code --app-id a --callee 4915100000001 --language EN --text a -y --speaking-rate nan", "a number"),
        ("voice send-code --app-id a --callee 4915100000001 --language EN --text a -y --speaking-rate 1,5", "a number"),
        ("agents update-priorities --voice-group-id 1 --params '[]'", "give a JSON object"),
        ("agents update-priorities --voice-group-id 1 --params '{\"priority\": 2}'", "keyId"),
        ("groups add --app-id a --group-name abcd --extra x", "give a JSON object; this is not JSON"),
        ('groups add --app-id a --group-name abcd --extra \'{"password": "made-up",}\'', "line 1 column"),
        ("groups add --app-id a --group-name abcd --extra '[\"made-up\"]'", "--extra cannot be read. | a JSON object"),
        ('agents update-priorities --voice-group-id 1 --params \'{"made-up": "made-up"\'', "--params cannot be read"),
        ("groups list --group-name '\udcff'", "What to do: use --group-name."),
        ("agents update --ccode 1 --null ccode --key-id 1 --voice-group-id 1 --name a --emp-no 1", "--null makes it"),
        ("records list-voice 2022-01-01 2022-01-31", "a time with its zone"),
        ("records list yesterday today", "a time with its zone"),
        ("groups delete", "Missing argument"),
        ("groups add --app-id a", "Missing option '--group-name'"),
        ("leaders nothing", "No such command 'nothing'"),
        ("agents list --limit 0", "--limit"),
        ("leaders update --null emp-no --key-id 1 --name abcd --emp-no 1 --voice-group-id-list 1", "give one of pass"),
        ("agents update --null x --key-id 1 --voice-group-id 1 --name a --emp-no 1", "ccode, display-num"),
        ("call POST /a --data '{\"password\": made-up}'", "--data is not JSON"),
        ("call POST /a --data @/nowhere/at-all", "/nowhere/at-all: No such file"),
        ("call GET /a --query b", "give NAME=VALUE"),
        ("endpoints no-such-thing", "no call has 'no-such-thing' in it"),
    ],
)
def test_bad_input_is_said_before_anything_is_sent(
    itnio: ITNIO, vendor: respx.MockRouter, line: str, said: str
) -> None:
    assert_said(itnio, vendor, line, said, ERROR)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('agents update-priorities --voice-group-id 1 --params \'{"keyId": 1, "priority": 1000}\'', "1 to 999"),
        ("agents create-sdk-authentication account 59", "60 to"),
        ("groups add --app-id a --group-name abc", "4 to 32 characters"),
        ("groups add --app-id a --group-name abcd --extra '{\"id\": 89014103211118510720}'", "at most 64 bits"),
        ("groups update --voice-group-id 99999999999 --group-name abcd", "What to do: use --voice-group-id."),
        ("groups delete 99999999999 --yes", "What to do: use VOICE_GROUP_ID."),
        ("otp update-app --app-id '' --name abcd", "What to do: use --app-id."),
        ("otp add-app --period-total-send-limit '{\"enabled\": true}'", "What to do: use --period-total-send-limit."),
        ("call GET nowhere", "path"),
        ("call POST /a --data '{\"id\": 89014103211118510720}'", "at most 64 bits"),
    ],
)
def test_what_is_refused_beforehand_counts_as_refused(
    itnio: ITNIO, vendor: respx.MockRouter, line: str, said: str
) -> None:
    assert_said(itnio, vendor, line, said, REFUSED)


def assert_said(itnio: ITNIO, vendor: respx.MockRouter, line: str, said: str, status: int) -> None:
    """Nothing is sent, and stderr has what is said."""
    result = itnio(*shlex.split(line))
    assert (result.status, result.out) == (status, "")
    assert not vendor.calls
    text = " ".join(result.err.split())
    for part in said.split(" | "):
        assert part in text
    assert ".." not in text.replace("...", "")
    assert "made-up" not in text
    assert "Traceback" not in text


def test_a_password_is_given_in_one_way(itnio: ITNIO, vendor: respx.MockRouter, tmp_path: Path) -> None:
    line = "agents update --key-id 1 --voice-group-id 1 --name a --emp-no 1 --ask-password"
    result = itnio(*line.split(), "--password-file", tmp_path / "password")
    assert "--password-file and --ask-password are both given" in result.err
    result = itnio(*line.split())
    assert "the password cannot be asked for" in result.err


ID = "22206051443051000003"


@pytest.mark.parametrize(("matched", "status"), [(0, DONE), ("0", DONE), (2, REFUSED), (5, REFUSED), (None, REFUSED)])
@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl"])
def test_a_code_that_is_not_right_is_no_success_to_a_shell(
    itnio: ITNIO, vendor: respx.MockRouter, tmp_path: Path, matched: Any, status: int, form: str
) -> None:
    answer = {"status": "0", "reason": "success", "data": {"verificationId": ID, "matched": matched}}
    route = route_of(vendor, "otp.verify", answer)
    result = itnio("otp", "verify", ID, "--code-file", secret_file(tmp_path, "5678"), "-o", form)
    assert result.status == status
    assert ID in result.out
    assert json.loads(route.calls[0].request.content) == {"verificationId": ID, "code": "5678"}


def test_records_within_a_record_can_be_told_apart_and_are_in_words(itnio: ITNIO, vendor: respx.MockRouter) -> None:
    texts = [{"status": 1, "mcc": 262, "password": "made-up"}, {"status": 0, "reason": None}]
    data = {"verificationId": ID, "verifications": {"matched": 2, "orderId": None}, "sms": texts, "call": []}
    route_of(vendor, "otp.get_record", {"status": "0", "reason": "success", "data": data})
    (head, cells) = csv.reader(io.StringIO(itnio("otp", "get-record", ID, "-o", "csv").out))
    shown = dict(zip(head, cells, strict=True))
    assert shown["verifications"] == "matched=wrong"
    assert shown["sms"] == "mcc=262, status=failed, password=***; status=delivered"
    assert shown["call"] == ""


@pytest.mark.parametrize(
    "line", [("verify", ID), ("send-own-code", "--app-id", "abcd", "--to", "4915112345678", "--yes")]
)
def test_a_secret_that_is_required_is_asked_for_by_name(
    itnio: ITNIO, vendor: respx.MockRouter, line: tuple[str, ...]
) -> None:
    result = itnio("otp", *line)
    assert (result.status, result.out) == (ERROR, "")
    text = " ".join(result.err.split())
    assert "the code is missing" in text
    assert "give --code-file or --ask-code" in text
    assert not vendor.calls
    # It is no argument, which everybody on the machine could see.
    assert itnio("otp", *line, "5678").status != DONE


# -- call and endpoints -----------------------------------------------------------------------------------------------


def test_any_call(itnio: ITNIO, vendor: respx.MockRouter, tmp_path: Path) -> None:
    answer = {"status": "0", "reason": "", "data": {"password": "made-up", "x": [1]}}
    route = vendor.post("/v3/of/tomorrow").respond(json=answer)
    body = tmp_path / "body.json"
    body.write_text('{"a": 1}')
    line = ("call", "POST", "/v3/of/tomorrow", "--data")
    assert json.loads(itnio(*line, f"@{body}").out) == {**answer, "data": {"password": "***", "x": [1]}}
    assert json.loads(itnio(*line, '{"a": 1}', "--show-secrets").out) == answer
    assert [json.loads(made.request.content) for made in route.calls] == [{"a": 1}] * 2
    vendor.get("/c", params={"a": ["1", "2"]}).respond(json={"status": 0})
    assert itnio("call", "GET", "/c", "--query", "a=1", "--query", "a=2").status == DONE
    vendor.get("/b", params={"c": "d=e"}).respond(json={"code": 0, "status": "-22", "reason": "no"})
    result = itnio("call", "GET", "/b", "--query", "c=d=e")
    assert result.status == REFUSED
    assert "-22" in result.err


def test_endpoints(itnio: ITNIO) -> None:
    rows = [json.loads(line) for line in itnio("endpoints", "--json").lines]
    assert [row["call"] for row in rows] == [str(call) for call in calls()]
    assert [line.split("\t")[0] for line in itnio("endpoints", "RINGTONE").lines] == [
        "Command",
        "itnio groups upload-ringtone",
        "itnio groups delete-ringtone",
    ]


@pytest.mark.parametrize("word", families())
def test_the_help_of_a_family_names_its_calls(itnio: ITNIO, word: str) -> None:
    out = itnio(word, "--help").out
    for call in calls_of(families()[word][0]):
        assert f"\n  {command_of(call).split()[1]} " in out


@pytest.mark.parametrize("call", [call for call in CALLS.values() if call.family != "sip_trunks"], ids=str)
def test_the_help_of_each_call(itnio: ITNIO, call: Any) -> None:
    result = itnio(*command_of(call).split(), "--help")
    assert result.status == DONE
    assert " ".join(help_of(call).split())[:30] in " ".join(result.out.split())


def test_a_help_speaks_of_what_is_shown() -> None:
    assert help_of(CALLS["otp.resend"]) == "Send a code again, and show the new id by which it is checked."
    assert not [str(call) for call in calls() if " return " in help_of(call)]


def test_without_sources_there_are_no_texts_of_fields() -> None:
    made = type("Made", (), {})
    assert field_texts(made) == {}


# -- any text ---------------------------------------------------------------------------------------------------------

# One for each kind of value.
READERS = {
    wanted.reader.metavar: wanted.reader
    for call in CALLS.values()
    if call.family != "sip_trunks"
    for wanted in inputs_of(call)
}


@pytest.mark.parametrize("metavar", READERS)
@given(text=st.text() | st.from_regex(r"-?[0-9]{1,30}", fullmatch=True) | st.sampled_from(["{}", "[]", "null", "yes"]))
def test_any_text_is_a_value_or_said_to_be_none(metavar: str, text: str) -> None:
    said = ""
    try:
        READERS[metavar].value_of(text, "--option")
    except CommandError as error:
        said = f"{error} {error.advice}"
    assert not said or re.match(r"(?s)--option (is .*|cannot be read)\. give ", said)
