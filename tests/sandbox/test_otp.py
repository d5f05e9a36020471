"""One-time codes imitated: they are sent, checked once, expire and count, and their records tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.asking import Answer, Asker

from itnio_async.sandbox import Sandbox

START = 1_750_000_000.0
NUMBER, LOST = "4915112345678", "4915112345670"
TEMPLATE = {"appId": "sandbox1", "name": "login", "text": "##code##", "codeType": 1}
OFF = {"enabled": False, "unit": None, "period": None, "limit": None}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        at(running, 0)
        yield running


@pytest.fixture
def ask(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


def at(sandbox: Sandbox, seconds: float) -> None:
    """Set the vendor's time to so many seconds after the start."""
    sandbox.clock = lambda: START + seconds


def send(ask: Asker, to: str = NUMBER, **changes: Any) -> Answer:
    return ask("/otp/verification/send", {"appId": "sandbox1", "templateId": 1, "to": to, **changes})


def sent(ask: Asker, to: str = NUMBER, **changes: Any) -> str:
    answer = send(ask, to, **changes)
    assert answer.code == 0, answer
    id: str = answer.data["verificationId"]
    return id


def verify(ask: Asker, id: str, code: str = NUMBER[-4:]) -> int:
    answer = ask("/otp/verification/verify", {"verificationId": id, "code": code})
    assert answer.rule == "0 documented"
    matched: int = answer.data["matched"]
    return matched


def record(ask: Asker, id: str) -> dict[str, Any]:
    data: dict[str, Any] = ask(f"/otp/verification/record/{id}").data
    return data


def by_order(ask: Asker, order_id: str, app_id: str = "sandbox1") -> Answer:
    return ask("/otp/verification/orderId/record", {"appId": app_id, "orderId": order_id})


# -- checking ---------------------------------------------------------------------------------------------------------


def test_a_code_from_its_sending_to_its_check(ask: Asker, sandbox: Sandbox) -> None:
    answer = send(ask)
    assert answer.data == {"verificationId": "22206050000000000001", "to": NUMBER, "channel": "sms"}
    id = answer.data["verificationId"]
    assert record(ask, id)["verifications"]["matched"] == -1
    assert verify(ask, id, "0000") == 2
    assert record(ask, id)["verifications"]["matched"] == 2
    at(sandbox, 60)
    assert verify(ask, id) == 0
    assert verify(ask, id) == 4
    assert verify(ask, id, "0000") == 4
    assert record(ask, id)["verifications"] == {
        "matched": 0,
        "verifiedDate": "2025-06-15 15:07:40",
        "oriReceiver": NUMBER,
        "channel": "sms",
        "orderId": None,
    }


@pytest.mark.parametrize("id", ["22206050000000000009", "nonsense", "222060500000000000\u0661", "2220605", "0"])
def test_an_id_that_nothing_has_is_told_within_a_success(ask: Asker, id: str) -> None:
    sent(ask)
    assert verify(ask, id) == 3
    unknown = record(ask, id)
    assert (unknown["verificationId"], unknown["verifications"]["matched"]) == (id, 3)


@pytest.mark.parametrize("minutes", [1, 5, 60])
def test_a_code_expires_after_the_minutes_of_its_application(ask: Asker, sandbox: Sandbox, minutes: int) -> None:
    app = ask("/otp/app/add", {"codeExpiry": minutes}).data["appId"]
    template = ask("/otp/template/add", {**TEMPLATE, "appId": app}).data["templateId"]
    early, late = (sent(ask, appId=app, templateId=template) for _ in range(2))
    at(sandbox, 60 * minutes - 1)
    assert verify(ask, early) == 0
    at(sandbox, 60 * minutes)
    assert verify(ask, late) == 5
    # It is used, which comes first.
    assert verify(ask, early) == 4


def test_a_code_on_its_way(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.otp_seconds = 10
    id = sent(ask)
    assert verify(ask, id) == 1
    assert (record(ask, id)["verifications"]["matched"], record(ask, id)["sms"]["status"]) == (1, -1)
    assert record(ask, id)["sms"]["doneTm"] is None
    at(sandbox, 10)
    assert (record(ask, id)["sms"]["status"], record(ask, id)["sms"]["doneTm"]) == (0, "2025-06-15 15:06:50")
    assert verify(ask, id) == 0


def test_a_wrong_code_may_use_it_up(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.wrong_otp_check = "uses up"
    id = sent(ask)
    assert [verify(ask, id, "0000"), verify(ask, id)] == [2, 4]


# -- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code_type", "length", "code"),
    [(1, 4, "5678"), (1, 10, "5112345678"), (2, 6, "DEFGHI"), (3, 5, "45678"), (4, 8, "12345678")],
)
def test_a_code_is_the_end_of_the_number(ask: Asker, code_type: int, length: int, code: str) -> None:
    body = {**TEMPLATE, "codeType": code_type, "codeLength": length}
    id = sent(ask, templateId=ask("/otp/template/add", body).data["templateId"])
    assert verify(ask, id, code) == 0


def test_a_code_of_ones_own_is_sent_again(ask: Asker, sandbox: Sandbox) -> None:
    body = {"appId": "sandbox1", "code": "abc-12", "to": NUMBER, "channel": "sna", "orderId": ""}
    own = ask("/otp/verification/sendRule", body).data
    assert own["snaUrl"].endswith(f"invalid/{own['verificationId']}")
    again = ask("/otp/verification/resend", {"verificationId": own["verificationId"], "channel": "call"})
    assert (again.data["to"], again.data["channel"], again.rule) == (NUMBER, "call", "0 documented")
    id = again.data["verificationId"]
    assert id != own["verificationId"]
    assert [verify(ask, id, "abc-12"), verify(ask, own["verificationId"], "abc-12")] == [0, 0]
    sandbox.assumptions.earlier_otp = "ends"
    third = ask("/otp/verification/resend", {"verificationId": id}).data["verificationId"]
    fourth = ask("/otp/verification/resend", {"verificationId": third}).data["verificationId"]
    assert [verify(ask, third, "abc-12"), verify(ask, fourth, "abc-12")] == [4, 0]
    assert ask("/otp/verification/resend", {"verificationId": "0"}).rule == "22 assumed"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"appId": "sandbox9"}, "22 assumed"),
        ({"templateId": 9}, "22 assumed"),
        ({"flowId": 9}, "22 assumed"),
        ({"to": "+4915112345678"}, "22 documented"),
        ({"to": "491511234"}, "22 documented"),
        ({"to": "0015112345678"}, "26 assumed"),
        ({"channel": "pigeon"}, "22 documented"),
        ({"orderId": "x" * 65}, "22 documented"),
        ({"flowId": None, "channel": None, "orderId": None}, "0 documented"),
    ],
)
def test_what_is_sent_and_what_is_not(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    assert send(ask, **changes).rule == rule


def test_a_template_belongs_to_its_application(ask: Asker) -> None:
    other = ask("/otp/app/add", {"name": "other"}).data["appId"]
    assert send(ask, appId=other).rule == "22 assumed"


def test_forbidden_words(ask: Asker, sandbox: Sandbox) -> None:
    template = ask("/otp/template/add", {**TEMPLATE, "text": "Casino: ##code##"}).data["templateId"]
    assert send(ask, templateId=template).rule == "29 assumed"
    id = sent(ask)
    assert ask.put("/otp/template/update/1", {"name": "first", "text": "##code## for the casino"}).code == 0
    assert ask("/otp/verification/resend", {"verificationId": id}).rule == "29 assumed"
    sandbox.assumptions.forbidden_otp_word = "lottery"
    assert send(ask, templateId=template).code == 0


def test_an_id_of_ones_own_finds_the_code_again(ask: Asker, sandbox: Sandbox) -> None:
    first = sent(ask, orderId="order 1")
    assert verify(ask, first) == 0
    found = by_order(ask, "order 1").data
    assert (found["orderId"], found["flowId"], found["verifications"]["matched"]) == ("order 1", None, 0)
    again = send(ask, orderId="order 1")
    assert again.rule == "0 assumed"
    assert by_order(ask, "order 1").data["verifications"]["matched"] == -1
    sandbox.assumptions.repeated_otp_order_code = -20
    assert send(ask, orderId="order 1").rule == "20 assumed"
    assert send(ask, orderId="order 2").rule == "0 documented"
    assert by_order(ask, "order 1", "another").data["verifications"]["matched"] == 3
    sandbox.assumptions.unknown_otp_order = "refused"
    assert by_order(ask, "order 3").rule == "22 assumed"


# -- limits -----------------------------------------------------------------------------------------------------------


def limited(ask: Asker, **limits: Any) -> None:
    assert ask.put("/otp/app/update/sandbox1", {"name": "sandbox1", **limits}).code == 0


def test_the_limit_of_a_phone(ask: Asker, sandbox: Sandbox) -> None:
    limited(ask, periodPhoneSendLimit={"enabled": True, "unit": 3, "period": 2, "limit": 2})
    first = sent(ask)
    at(sandbox, 60)
    sent(ask)
    assert send(ask).rule == "28 documented"
    assert ask("/otp/verification/resend", {"verificationId": first}).rule == "28 documented"
    assert send(ask, LOST).code == 0
    at(sandbox, 120)
    assert send(ask).code == 0
    assert send(ask).rule == "28 documented"
    limited(ask, periodPhoneSendLimit=OFF)
    assert send(ask).code == 0


@pytest.mark.parametrize(("unit", "seconds"), [(1, 86_400), (2, 3600), (3, 60), (4, 1)])
def test_the_limit_of_all_phones(ask: Asker, sandbox: Sandbox, unit: int, seconds: int) -> None:
    limited(ask, periodTotalSendLimit={"enabled": True, "unit": unit, "period": 3, "limit": 1})
    sent(ask)
    at(sandbox, 3 * seconds - 0.5)
    assert send(ask, LOST).rule == "27 documented"
    at(sandbox, 3 * seconds)
    assert send(ask, LOST).code == 0


def test_periods_in_a_row(ask: Asker, sandbox: Sandbox) -> None:
    limited(ask, periodTotalSendLimit={"enabled": True, "unit": 2, "period": 1, "limit": 1})
    sandbox.assumptions.otp_send_period = "fixed"
    hour = 3600 - START % 3600
    at(sandbox, hour - 1)
    sent(ask)
    assert send(ask).code == -27
    at(sandbox, hour)
    assert send(ask).code == 0
    assert send(ask).code == -27


def test_a_limit_that_holds_is_whole(ask: Asker) -> None:
    body = {"periodTotalSendLimit": {"enabled": True, "unit": 1, "period": 1}}
    refused = ask("/otp/app/add", body)
    assert (refused.rule, refused.text) == (
        "22 documented",
        "a limit that is enabled lacks a field: periodTotalSendLimit.limit",
    )


# -- flows ------------------------------------------------------------------------------------------------------------


def step(status: int, channel: str, cut: int | None = 0, seconds: int = 30) -> dict[str, Any]:
    return {"waitingTime": seconds, "status": status, "channel": channel, "channelCut": cut}


def followed(ask: Asker, to: str, *steps: dict[str, Any]) -> str:
    flow = ask("/otp/flow/add", {"name": "a flow", "flow": list(steps)}).data["flowId"]
    return sent(ask, to, flowId=flow, orderId="order")


def counts(ask: Asker) -> tuple[int, int]:
    found = by_order(ask, "order").data
    return len(found["sms"]), len(found["call"])


def test_a_text_that_is_not_delivered_is_followed_by_a_call(ask: Asker, sandbox: Sandbox) -> None:
    id = followed(ask, LOST, step(1, "call"))
    assert (record(ask, id)["sms"]["status"], record(ask, id)["sms"]["reason"]) == (1, "not delivered")
    at(sandbox, 29)
    assert counts(ask) == (1, 0)
    at(sandbox, 30)
    assert counts(ask) == (1, 1)
    found = record(ask, id)
    assert (found["call"]["terminationCode"], found["verifications"]["channel"]) == (0, "call")
    assert found["call"]["callTime"] == "2025-06-15 15:07:10"
    assert verify(ask, id, LOST[-4:]) == 0


def test_one_that_is_delivered_is_not(ask: Asker, sandbox: Sandbox) -> None:
    followed(ask, NUMBER, step(1, "call"))
    at(sandbox, 100)
    assert counts(ask) == (1, 0)
    sandbox.assumptions.undelivered_otp_numbers = "78"
    assert counts(ask) == (1, 1)


def test_a_code_that_nobody_typed_is_sent_again_until_it_is(ask: Asker, sandbox: Sandbox) -> None:
    id = followed(ask, NUMBER, step(2, "call"), step(2, "sms", 1), step(2, "sms", None, 40), step(2, "call"))
    at(sandbox, 100)
    assert counts(ask) == (2, 1)
    assert verify(ask, id) == 0
    at(sandbox, 250)
    assert counts(ask) == (2, 1)


# -- applications, templates and flows --------------------------------------------------------------------------------


def test_an_application_is_read_as_it_was_made_and_changed(ask: Asker, sandbox: Sandbox) -> None:
    whole = {"enabled": True, "unit": 1, "period": 90, "limit": 10_000_000_000}
    made = ask("/otp/app/add", {"name": "shop", "codeExpiry": 7, "periodTotalSendLimit": whole})
    assert made.rule == "0 documented"
    assert made.data == {
        "appId": "sandbox2",
        "name": "shop",
        "codeExpiry": 7,
        "periodTotalSendLimit": whole,
        "periodPhoneSendLimit": OFF,
        "createTime": "2025-06-15T15:06:40+00:00",
    }
    path = "/otp/app/update/sandbox2"
    assert ask.put(path, {"name": "shop", "periodTotalSendLimit": OFF}).data["codeExpiry"] == 7
    assert ask("/otp/app/details/sandbox2").data["periodTotalSendLimit"] == OFF
    assert ask.put(path, {"name": "shop3", "codeExpiry": None}).data["codeExpiry"] == 5
    assert ask.put(path, {"name": "sandbox1"}).rule == "20 documented"
    assert ask("/otp/app/add", {"name": "shop3"}).rule == "20 documented"
    assert ask.put("/otp/app/update/sandbox9", {"name": "shop"}).rule == "22 assumed"
    sandbox.assumptions.otp_app_answered = "as read"
    assert ask("/otp/app/add", {}).data == {"name": "sandbox3"}
    assert ask.put(path, {"name": "shop4"}).data is None
    # By the table the id stands in the body too.
    assert ask.put(path, {"appId": "sandbox2", "name": "shop5"}).code == 0


def test_a_template_has_its_defaults_again_where_the_assumptions_clear(ask: Asker, sandbox: Sandbox) -> None:
    made = ask("/otp/template/add", {**TEMPLATE, "codeLength": 8, "senderId": "Shop", "language": "DE"}).data
    assert made == {
        "templateId": 2,
        **TEMPLATE,
        "codeLength": 8,
        "speechRate": 50,
        "language": "DE",
        "maxDuration": 59,
        "repeatCnt": 1,
        "senderId": "Shop",
    }
    body = {"name": "login", "text": "##code##!"}
    assert ask.put("/otp/template/update/2", body).data == {**made, "text": "##code##!"}
    sandbox.assumptions.change_left_out = "clears"
    changed = ask.put("/otp/template/update/2", body).data
    assert (changed["codeLength"], changed["language"], changed["senderId"]) == (4, "EN", None)
    assert ask("/otp/template/details/2").data == changed
    assert [one["templateId"] for one in ask("/otp/template/list").data] == [1, 2]
    sandbox.assumptions.listed_order = "newest first"
    assert [one["templateId"] for one in ask("/otp/template/list").data] == [2, 1]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"text": "#code#"}, "22 documented"),
        ({"name": "first"}, "20 documented"),
        ({"codeLength": 3}, "22 documented"),
        ({"language": "XX"}, "22 documented"),
        ({"appId": "none"}, "22 assumed"),
    ],
)
def test_templates_that_are_refused(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    assert ask("/otp/template/add", {**TEMPLATE, **changes}).rule == rule


def test_a_flow_is_read_as_it_was_made_and_changed(ask: Asker) -> None:
    made = ask("/otp/flow/add", {"name": "a flow", "flow": [step(1, "call", None)]})
    assert made.data == {"flowId": 1, "name": "a flow", "flow": [step(1, "call", 0)]}
    changed = ask.put("/otp/flow/update/1", {"name": "flow", "flow": [step(2, "sms", 1)]})
    assert ask("/otp/flow/details/1").data == changed.data == {"flowId": 1, "name": "flow", "flow": [step(2, "sms", 1)]}
    assert ask("/otp/flow/list").data == [changed.data]
    assert ask("/otp/flow/add", {"name": "flow", "flow": [step(1, "call")]}).rule == "20 documented"
    assert ask("/otp/flow/add", {"name": "other", "flow": [step(1, "call", 0, 29)]}).rule == "22 documented"
    assert ask("/otp/flow/add", {"name": "other", "flow": [step(1, "sna")]}).rule == "22 documented"
    for path in ("/otp/flow/details/7", "/otp/template/details/7"):
        assert ask(path).rule == "22 assumed"
    assert ask("/otp/flow/details/one").rule == "22 documented"


def test_a_report_of_used_codes(ask: Asker) -> None:
    report = {"appId": "sandbox1", "mcc": 460, "backfillNumber": "100", "callbackTime": "2023-01-29T09:59:58+08:00"}
    assert ask("/otp/backfillRate", report) == Answer(0, None, "0 documented", "success")
    assert ask("/otp/backfillRate", {"appId": "none"}).rule == "22 assumed"
    assert ask("/otp/backfillRate", {"callbackTime": "2023-01-29 09:59:58"}).rule == "22 documented"


@pytest.mark.parametrize("id", ["+1", "1.0", " 1", "1e0", "x", "99999999999"])
def test_an_id_in_a_path_is_made_of_digits(ask: Asker, id: str) -> None:
    assert ask("/otp/flow/add", {"name": "flow", "flow": []}).data["flowId"] == 1
    for path, body in (
        (f"/otp/flow/update/{id}", {"name": "other", "flow": []}),
        (f"/otp/template/update/{id}", {"name": "other", "text": "##code##"}),
    ):
        assert ask.put(path, body).code == -22
    assert ask("/otp/flow/details/1").data["name"] == "flow"
