"""Numbers imitated: what is set stays, pools have their numbers, and phones are bound for a time."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.asking import Answer, Asker

from itnio_async.sandbox import Fault, Sandbox
from itnio_async.sandbox.countries import country_code_of

APPLICATION = "sandbox1"
NUMBERS = [f"120255501{index:02d}" for index in range(1, 21)]
ANN, BEN, EVA = "12025550151", "12025550152", "12025550153"
DAY = 86_400


class Clock:
    """The vendor's time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    running = Sandbox(trunks=0)
    running.clock = clock
    with running:
        yield running


@pytest.fixture
def ask(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


def listed(ask: Asker, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = ask(f"/number/{path}", {"current": 1, "size": 100, "params": params})
    assert answer.code == 0, answer
    records: list[dict[str, Any]] = answer.data["records"]
    return records


def changed(defaults: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a body with other values; `...` leaves a field out."""
    return {name: value for name, value in {**defaults, **changes}.items() if value is not ...}


def edited(ask: Asker, **changes: Any) -> Answer:
    return ask("/number/edit", changed({"number": NUMBERS[0], "appId": APPLICATION, "enableVoicemail": "0"}, changes))


def added(ask: Asker, **changes: Any) -> Answer:
    defaults = {"poolNumber": "1", "customerWhitelist": "192.0.2.1", "maxConcurrency": 9, "numberList": NUMBERS[:3]}
    return ask("/number/createNumberPool", changed(defaults, changes))


def updated(ask: Asker, **changes: Any) -> Answer:
    defaults = {"oldPoolNumber": "1", "poolNumber": "1", "customerWhitelist": "192.0.2.1", "maxConcurrency": "9"}
    return ask("/number/editNumberPool", changed(defaults, changes))


def bound(ask: Asker, **changes: Any) -> Answer:
    defaults = {"phoneA": ANN, "phoneB": BEN, "poolNumber": "1", "expireS": 60, "appId": APPLICATION, "bizType": 1}
    return ask("/number/pns/bind", changed(defaults, changes))


def unbound(ask: Asker, bind_id: object, app_id: str = APPLICATION) -> Answer:
    return ask("/number/pns/unbind", {"bindId": bind_id, "appId": app_id})


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_what_a_new_sandbox_has(ask: Asker) -> None:
    numbers = listed(ask, "queryPage", appId=APPLICATION)
    assert [number["number"] for number in numbers] == NUMBERS
    assert [number["state"] for number in numbers] == [3] * 18 + [4, 5]
    assert numbers[0]["dueDate"] == "2026-06-15 15:06:40"
    assert listed(ask, "queryPage", appId="another") == []
    assert listed(ask, "queryNumberPool") == listed(ask, "pns/queryBindPage") == []


def test_a_number_expires(ask: Asker, clock: Clock) -> None:
    clock.now += 365 * DAY
    assert [number["state"] for number in listed(ask, "queryPage")] == [4] * 19 + [5]


def test_what_is_set_stays(ask: Asker) -> None:
    first = {"outIp": "192.0.2.1,192.0.2.2", "inIp": "192.0.2.3:5060", "remark": "a", "inboundPrefix": "9"}
    assert edited(ask, **first, appId="another").rule == "0 documented"
    assert edited(ask, remark="", appId="another").code == 0
    (number,) = listed(ask, "queryPage", appId="another")
    assert number.items() >= {**first, "remark": None, "enableVoicemail": 0}.items()


def test_an_announcement_is_stored(ask: Asker) -> None:
    content = b64encode(b"RIFF").decode()
    voicemail = {"enableVoicemail": 1, "voicemailMaxHangup": "99", "voicemailFile": content}
    assert edited(ask, **voicemail, voicemailFileName="away.WAV").code == 0
    number = listed(ask, "queryPage")[0]
    assert number["voicemailFileId"].startswith("voicemail/")
    assert (number["voicemailFileName"], number["voicemailMaxHangup"]) == ("away.WAV", 99)
    assert edited(ask, enableVoicemail="0", voicemailFile=None).code == 0
    assert listed(ask, "queryPage")[0].items() >= {"voicemailFileId": None, "voicemailFileName": None}.items()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"number": "7"}, "22 assumed"),
        ({"enableVoicemail": "1"}, "22 documented"),
        ({"enableVoicemail": "2"}, "22 documented"),
        ({"voicemailMaxHangup": 1000}, "22 documented"),
        ({"voicemailMaxHangup": "1000"}, "22 assumed"),
        ({"outIp": "1" * 51}, "22 documented"),
        ({"inboundPrefix": "1" * 33}, "22 documented"),
        ({"voicemailFile": "QQ==", "voicemailFileName": "a.ogg"}, "22 assumed"),
        ({"voicemailFile": "QQ=="}, "22 assumed"),
        ({"voicemailFile": "QQ", "voicemailFileName": "a.mp3"}, "22 assumed"),
        ({"voicemailFile": b64encode(bytes(5 * 2**20 + 1)).decode(), "voicemailFileName": "a.mp3"}, "22 documented"),
        ({"voicemailFile": b64encode(bytes(5 * 2**20)).decode(), "voicemailFileName": "a.m4a"}, "0 documented"),
    ],
)
def test_settings_of_a_number_that_are_refused(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    before = listed(ask, "queryPage")
    answer = edited(ask, **changes)
    assert answer.rule == rule
    assert (listed(ask, "queryPage") == before) == (answer.code != 0)


# -- their calls ------------------------------------------------------------------------------------------------------


def test_the_calls_of_a_time(ask: Asker, sandbox: Sandbox) -> None:
    day = listed(ask, "record/queryPage", strTime="2025-06-14T15:06:40+00:00", endTime="2025-06-15T23:06:40+08:00")
    assert len(day) == 24
    hour = {"strTime": "2025-06-15T10:30:00+00:00", "endTime": "2025-06-15T11:30:00+00:00"}
    (call,) = listed(ask, "record/queryPage", **hour)
    assert call in day
    assert (call["callSource"], call["sipCode"], call["callDuration"], call["pay"]) == (3, "486", 0, 0)
    assert call["recordingFileUrl"] is None
    assert (call["startTime"], call["caller"]) == ("1749985600", call["number"])
    sandbox.assumptions.number_record_times = "milliseconds"
    assert listed(ask, "record/queryPage", **hour)[0]["startTime"] == "1749985600000"
    (answered,) = [one for one in day if one["callDuration"] == 70]
    assert (answered["chargedDuration"], answered["pay"], answered["called"]) == (120, 0.04, answered["number"])


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        ({"strTime": "2025-06-15T00:00:00+08:00", "endTime": "2025-06-14T00:00:00+08:00"}, "22 assumed"),
        ({"strTime": "2025-06-15 00:00:00", "endTime": "2025-06-16 00:00:00"}, "22 documented"),
        ({"strTime": "2025-06-15T00:00:00+08:00"}, "22 documented"),
    ],
)
def test_times_that_are_refused(ask: Asker, params: dict[str, str], rule: str) -> None:
    assert ask("/number/record/queryPage", {"current": 1, "size": 9, "params": params}).rule == rule


# -- pools ------------------------------------------------------------------------------------------------------------


def test_pools_have_their_numbers(ask: Asker, sandbox: Sandbox) -> None:
    assert added(ask).rule == "0 documented"
    assert added(ask, poolNumber="2", numberList=...).code == 0
    assert updated(ask, poolNumber="3", numberList=[NUMBERS[4], NUMBERS[3], NUMBERS[4]], maxConcurrency=7).code == 0
    first, second = listed(ask, "queryNumberPool", anything=1)
    assert first == {
        "poolNumber": "3",
        "customerWhitelist": "192.0.2.1",
        "maxConcurrency": 7,
        "numberList": [NUMBERS[4], NUMBERS[3]],
    }
    assert (second["poolNumber"], second["numberList"]) == ("2", [])
    assert updated(ask, oldPoolNumber="3", poolNumber="3").code == 0
    assert listed(ask, "queryNumberPool")[0]["numberList"] == [NUMBERS[4], NUMBERS[3]]
    sandbox.assumptions.change_left_out = "clears"
    assert updated(ask, oldPoolNumber="3", poolNumber="3").code == 0
    assert ask("/number/queryNumberPool", {"current": 1, "size": 1}).data["records"][0]["numberList"] == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"poolNumber": "2"}, "20 documented"),
        ({"oldPoolNumber": "7"}, "24 documented"),
        ({"maxConcurrency": "10000"}, "22 assumed"),
        ({"maxConcurrency": 10_000}, "22 documented"),
        ({"maxConcurrency": "x"}, "22 assumed"),
        ({"numberList": ["7"]}, "22 assumed"),
        ({"customerWhitelist": "1" * 201}, "22 documented"),
        ({"poolNumber": "1"}, "0 documented"),
    ],
)
def test_pools_that_are_refused(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    assert added(ask).code == added(ask, poolNumber="2").code == 0
    before = listed(ask, "queryNumberPool")
    assert updated(ask, **changes).rule == rule
    assert listed(ask, "queryNumberPool") == before


def test_a_pool_is_not_added_twice(ask: Asker, sandbox: Sandbox) -> None:
    assert added(ask).code == 0
    assert added(ask).rule == "20 documented"
    assert added(ask, poolNumber="1" * 21).rule == "22 documented"
    assert added(ask, poolNumber="2", maxConcurrency=[9]).rule == "22 documented"
    assert added(ask, poolNumber="2", numberList=["7"]).rule == "22 assumed"
    sandbox.assumptions.unknown_pool_number_refused = False
    assert added(ask, poolNumber="2", numberList=["7"]).rule == "0 assumed"


# -- bindings ---------------------------------------------------------------------------------------------------------


def test_one_middle_number_or_two(ask: Asker, sandbox: Sandbox) -> None:
    added(ask)
    assert bound(ask).data == {"pnsNumberA": NUMBERS[0], "pnsNumberB": NUMBERS[0], "bindId": 1}
    sandbox.assumptions.binding_id_answered = "text"
    second = bound(ask, phoneA=EVA, phoneB="12025550154", bizType=2, appId="another")
    assert second.data == {"pnsNumberA": NUMBERS[1], "pnsNumberB": NUMBERS[2], "bindId": "2"}
    (listing,) = listed(ask, "pns/queryBindPage", appId="another")
    assert listing == {
        "bindId": 2,
        "phoneA": EVA,
        "phoneB": "12025550154",
        "pnsNumberA": NUMBERS[1],
        "pnsNumberB": NUMBERS[2],
        "expireTime": "2025-06-15 15:07:40",
    }
    sandbox.assumptions.binding_ends_written = "seconds"
    assert listed(ask, "pns/queryBindPage")[0]["expireTime"] == "1750000060"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"poolNumber": "7"}, "22 assumed"),
        ({"phoneB": "442025550152"}, "22 documented"),
        ({"phoneB": "120"}, "22 documented"),
        ({"phoneA": BEN, "phoneB": EVA}, "35 documented"),
        ({"phoneA": EVA, "phoneB": ANN}, "35 documented"),
        ({"phoneA": EVA, "phoneB": "12025550154", "bizType": 2}, "41 documented"),
        ({"expireS": 259_201}, "22 documented"),
        ({"expireS": 0}, "22 documented"),
        ({"bizType": 3}, "22 documented"),
        ({"phoneA": EVA, "phoneB": "12025550154"}, "0 documented"),
    ],
)
def test_phones_that_cannot_be_bound(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    added(ask, numberList=NUMBERS[:2])
    assert bound(ask).code == 0
    assert bound(ask, **changes).rule == rule


def test_a_phone_is_bound_once_in_each_pool_if_that_is_assumed(ask: Asker, sandbox: Sandbox) -> None:
    added(ask)
    added(ask, poolNumber="2", numberList=NUMBERS[3:5])
    assert bound(ask).code == 0
    assert bound(ask, poolNumber="2").code == -35
    sandbox.assumptions.phone_bound_once_in = "pool"
    assert bound(ask, poolNumber="2").code == 0
    assert bound(ask, poolNumber="2").code == -35


def test_a_middle_number_serves_many_if_that_is_assumed(ask: Asker, sandbox: Sandbox) -> None:
    added(ask, numberList=NUMBERS[:1])
    added(ask, poolNumber="2", numberList=NUMBERS[:1])
    assert bound(ask).code == 0
    assert bound(ask, phoneA=EVA, phoneB="12025550154").code == -41
    sandbox.assumptions.middle_number_shared = True
    assert bound(ask, phoneA=EVA, phoneB="12025550154").data["pnsNumberA"] == NUMBERS[0]
    # Whom a call by that number would reach could not be told.
    sandbox.assumptions.phone_bound_once_in = "pool"
    assert bound(ask, poolNumber="2").code == -41


def test_numbers_that_do_not_work_bind_nobody(ask: Asker) -> None:
    added(ask, numberList=NUMBERS[-2:])
    assert bound(ask).code == -41


def test_a_binding_ends_with_its_time_or_before(ask: Asker, sandbox: Sandbox, clock: Clock) -> None:
    added(ask, numberList=NUMBERS[:1])
    assert bound(ask).code == 0
    clock.now += 59
    assert bound(ask, phoneA=EVA, phoneB="12025550154").code == -41
    clock.now += 1
    assert listed(ask, "pns/queryBindPage") == []
    assert unbound(ask, 1).rule == "24 documented"
    assert bound(ask).data["bindId"] == 2
    assert unbound(ask, "2", "another").rule == "24 assumed"
    assert unbound(ask, "2").rule == "0 documented"
    assert unbound(ask, 2).rule == "24 documented"
    assert unbound(ask, "x").rule == "24 documented"
    sandbox.assumptions.ended_bindings_listed = True
    assert [binding["bindId"] for binding in listed(ask, "pns/queryBindPage")] == [1, 2]


def test_a_binding_outlives_its_pools_name_and_the_sandbox(tmp_path: Any) -> None:
    with Sandbox(trunks=0, state=tmp_path / "state") as sandbox:
        ask = Asker(sandbox)
        added(ask)
        bound(ask, expireS=3600)
        assert updated(ask, poolNumber="2").code == 0
        kept = {path: listed(ask, path) for path in ("queryPage", "queryNumberPool", "pns/queryBindPage")}
    with Sandbox(state=tmp_path / "state") as sandbox:
        ask = Asker(sandbox)
        assert {path: listed(ask, path) for path in kept} == kept
        assert bound(ask, poolNumber="2").code == -35


@pytest.mark.parametrize(
    ("number", "code"), [("12025550151", "1"), ("+4915100000001", "49"), ("85212345678", "852"), ("0049", None)]
)
def test_a_number_begins_with_its_country_code(number: str, code: str | None) -> None:
    assert country_code_of(number) == code


PHONES = st.sampled_from([f"1202555016{digit}" for digit in range(6)])


class Bindings(RuleBasedStateMachine):
    """Whatever is bound, ended and waited for: a plain model knows what is answered and listed."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.sandbox = Sandbox(trunks=0)
        self.sandbox.clock = self.clock
        self.sandbox.__enter__()
        self.ask = Asker(self.sandbox)
        added(self.ask)
        self.all: dict[int, tuple[set[str], set[str], float]] = {}

    def teardown(self) -> None:
        self.sandbox.__exit__(None, None, None)

    @property
    def live(self) -> dict[int, tuple[set[str], set[str], float]]:
        return {key: binding for key, binding in self.all.items() if binding[2] > self.clock.now}

    @rule(first=PHONES, second=PHONES, kind=st.sampled_from([1, 2]), lifetime=st.integers(1, 100))
    def bind(self, first: str, second: str, kind: int, lifetime: int) -> None:
        answer = bound(self.ask, phoneA=first, phoneB=second, bizType=kind, expireS=lifetime)
        phones = {first, second}
        taken = set().union(*(numbers for _, numbers, _ in self.live.values()))
        if any(phones & others for others, _, _ in self.live.values()):
            assert answer.code == -35
        elif len(taken) + kind > 3:
            assert answer.code == -41
        else:
            numbers = {answer.data["pnsNumberA"], answer.data["pnsNumberB"]}
            assert len(numbers) == kind
            assert not numbers & taken
            self.all[answer.data["bindId"]] = (phones, numbers, self.clock.now + lifetime)

    @rule(bind_id=st.integers(1, 9))
    def unbind(self, bind_id: int) -> None:
        answer = unbound(self.ask, bind_id)
        assert (answer.code == 0) == (bind_id in self.live)
        if answer.code == 0:
            self.all[bind_id] = (*self.all[bind_id][:2], self.clock.now)

    @rule(time=st.integers(1, 60))
    def wait(self, time: int) -> None:
        self.clock.now += time

    @invariant()
    def is_listed(self) -> None:
        assert {binding["bindId"] for binding in listed(self.ask, "pns/queryBindPage")} == self.live.keys()


Bindings.TestCase.settings = settings(max_examples=8, stateful_step_count=15, deadline=None)
TestBindings = Bindings.TestCase


def test_a_fault_is_about_one_binding(ask: Asker, sandbox: Sandbox) -> None:
    # Its id is a text on this page, and a number elsewhere.
    order = sandbox.order(Fault("minus18", endpoint="unbind", key_id=7))
    assert [unbound(ask, bind_id).code for bind_id in ("7", 7, "8", "x", None)] == [-18, -18, -24, -24, -22]
    assert order.struck == 2
