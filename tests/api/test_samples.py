"""The samples of the vendor's pages: each call sends its page's request, and loses nothing of its page's answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import httpx
import pytest
import respx
from support.facts import FACTS, example, sent_sample
from support.values import KEY, SECRET

from itnio_async import ENDPOINTS, AsyncClient, GroupBinding, SipTrunkAdd, SipTrunkUpdate, TrunkDirection
from itnio_async.api.agent_groups import (
    UPLOAD_RINGTONE,
    AgentGroupAdd,
    AgentGroupSettingsUpdate,
    AgentGroupUpdate,
    CallinStrategy,
    MediaNode,
    RingtoneUpload,
    Switch,
)
from itnio_async.api.agents import (
    AgentAdd,
    AgentPrioritiesUpdate,
    AgentPriority,
    AgentUpdate,
    Enabled,
)
from itnio_async.api.call_records import CallHangupReason, CallType, HangingDirection
from itnio_async.api.call_tasks import (
    UPLOAD,
    CalleeFileUpload,
    CallTaskResend,
    CallTaskResendType,
    CallTaskSubmit,
    CallTaskType,
    CallTaskUpdate,
)
from itnio_async.api.paths import calls
from itnio_async.api.team_leaders import TeamLeaderAdd, TeamLeaderUpdate
from itnio_async.values import CLEAR

CHINA = timezone(timedelta(hours=8))
BASE = "https://api.itniotech.com"

# Each call as a program makes it, with the values of its page's sample.
CALLS: dict[str, Callable[[AsyncClient], Awaitable[Any]]] = {
    "sip_trunks.update": lambda client: client.sip_trunks.update(
        SipTrunkUpdate(
            key_id=1,
            group_list=[GroupBinding(voice_group_id=1000026)],
            sip_trunk_name="22232",
            sip_gateway_ip="12.325.353.2",
            sip_trunk_state=False,
        )
    ),
    "sip_trunks.add": lambda client: client.sip_trunks.add(
        SipTrunkAdd(
            type=TrunkDirection.OUTBOUND,
            group_list=[GroupBinding(voice_group_id=1000026)],
            sip_trunk_name="22232",
            sip_gateway_ip="12.325.353.2",
            sip_trunk_state=False,
        )
    ),
    "sip_trunks.list": lambda client: client.sip_trunks.list(
        type=TrunkDirection.OUTBOUND, sip_trunk_name="12", size=15
    ),
    "agent_groups.add": lambda client: client.agent_groups.add(AgentGroupAdd(group_name="sipGroup", app_id="4luaKsL2")),
    "agent_groups.update": lambda client: client.agent_groups.update(
        AgentGroupUpdate(group_name="sipGroup", voice_group_id=123)
    ),
    "agent_groups.list": lambda client: client.agent_groups.list(group_name="4luaKsL2", size=10),
    "agent_groups.delete": lambda client: client.agent_groups.delete(1123),
    "agent_groups.update_settings": lambda client: client.agent_groups.update_settings(
        AgentGroupSettingsUpdate(
            voice_group_id=5000047,
            callin_strategy=CallinStrategy.ROUND_ROBIN,
            callin_auto_answer_sec=5,
            timeout_transfer_sec=45,
            wrap_up_time=20,
            timeout_idle=CLEAR,
            timeout_wait_sec=60,
            turn_seat_ring="turnseatring-template/120250106d88d71eb084746fcb7c77a4922d82ed1.mp3",
            label_name=[],
            display_switch=Switch.ON,
            encrypt_number=Switch.OFF,
            fs_node=MediaNode.SINGAPORE,
        )
    ),
    "agent_groups.get_settings": lambda client: client.agent_groups.get_settings(1123),
    # The samples' contents are words and not base64: they are sent as they are.
    "agent_groups.upload_ringtone": lambda client: client.call(
        UPLOAD_RINGTONE, RingtoneUpload(file_name="test.mp3", file="Base64 encoded file content")
    ),
    "agent_groups.delete_ringtone": lambda client: client.agent_groups.delete_ringtone(123),
    "agents.get_total": lambda client: client.agents.get_total(123),
    "agents.add": lambda client: client.agents.add(
        AgentAdd(voice_group_id=12, size=12, display_num="1234", ccode="91")
    ),
    "agents.update": lambda client: client.agents.update(
        AgentUpdate(
            key_id=12,
            name="123",
            pet_name="12",
            voice_group_id=12,
            display_num="123",
            ccode="91",
            emp_no="123",
            password="123456",
        )
    ),
    "agents.list": lambda client: client.agents.list(
        enable=Enabled.ENABLED,
        name="12",
        voice_group_id=12,
        str_time="2025-01-01 00:00:00",
        end_time="2025-02-01 12:12:12",
        size=15,
    ),
    "agents.delete": lambda client: client.agents.delete([12]),
    "agents.update_priorities": lambda client: client.agents.update_priorities(
        AgentPrioritiesUpdate(voice_group_id=2, params=[AgentPriority(key_id=1, priority=2)])
    ),
    "agents.create_sdk_authentication": lambda client: client.agents.create_sdk_authentication("0705C245_001", 3600),
    "team_leaders.add": lambda client: client.team_leaders.add(
        TeamLeaderAdd(name="1234", pet_name="12", voice_group_id_list=[12, 13])
    ),
    "team_leaders.list": lambda client: client.team_leaders.list(
        enable=Enabled.ENABLED, name="12", voice_group_id_list=(12, 13), size=10
    ),
    "team_leaders.update": lambda client: client.team_leaders.update(
        TeamLeaderUpdate(
            key_id=5000018, pet_name=None, name="1231231231", emp_no="753874", voice_group_id_list=[1000018]
        )
    ),
    "team_leaders.delete": lambda client: client.team_leaders.delete([5000018]),
    "call_tasks.upload": lambda client: client.call(UPLOAD, CalleeFileUpload(file_name="234567.xls", file="base64")),
    "call_tasks.submit": lambda client: client.call_tasks.submit(
        CallTaskSubmit(
            file_path="/mnt/cc\\upload\\execl\\202501101609012_A0987lj.xls",
            voice_group_id=[1000006],
            app_id="iaAJ6COV",
            callout_rate=1,
            type=CallTaskType.AGENT,
            file_name="Template_voice_numFiles_cn1.xls",
        )
    ),
    "call_tasks.resend": lambda client: client.call_tasks.resend(
        CallTaskResend(
            task_id=123,
            resend_type=CallTaskResendType.FAILED,
            voice_group_id=[1000006],
            app_id="iaAJ6COV",
            callout_rate=1,
            type=CallTaskType.AGENT,
        )
    ),
    "call_tasks.list": lambda client: client.call_tasks.list(start_time="2025-01-10", end_time="2025-02-10", size=15),
    "call_tasks.list_numbers": lambda client: client.call_tasks.list_numbers(123, size=15),
    "call_tasks.cancel": lambda client: client.call_tasks.cancel(123),
    "call_tasks.update": lambda client: client.call_tasks.update(
        CallTaskUpdate(task_id=123, remark="123", callout_rate=1)
    ),
    "call_records.list": lambda client: client.call_records.list(
        "2025-01-08 00:00:00", "2025-01-09 00:00:00", voice_group_id=12, size=15
    ),
    "call_records.list_voice": lambda client: client.call_records.list_voice(
        datetime(2022, 1, 1, tzinfo=CHINA),
        datetime(2022, 1, 31, tzinfo=CHINA),
        sip_group_name="sipGroupName",
        seat_name_list=["Seats01", "Seats02"],
        call_type={CallType.GROUP_CALL},
        hangup_reason=[
            CallHangupReason.OUTBOUND_HUNG_UP,
            CallHangupReason.HUNG_UP_DURING_TRANSFER,
            CallHangupReason.INBOUND_UNANSWERED,
            CallHangupReason.INBOUND_HUNG_UP,
        ],
        called_or_caller="8613200000001",
        ccode=["86", "91"],
        hanging_direction=[HangingDirection.AGENT, HangingDirection.SYSTEM],
        label_names=["Intended customers", "High level"],
        size=10,
    ),
    "account.get_balance": lambda client: client.account.get_balance(),
}
EACH = pytest.mark.parametrize("call", CALLS)
ENDPOINT_OF = {str(call): call.endpoint for call in calls()}


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    # httpx's own transport, which respx takes the place of.
    async with AsyncClient(KEY, SECRET, transport=httpx.AsyncHTTPTransport()) as client:
        yield client


def test_each_endpoint_is_called() -> None:
    assert {ENDPOINT_OF[call] for call in CALLS} == set(ENDPOINTS)


@EACH
@respx.mock(base_url=BASE)
async def test_the_sample_of_the_page_is_sent(call: str, client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    endpoint = ENDPOINT_OF[call]
    fact = FACTS[str(endpoint)]
    route = respx_mock.request(endpoint.method, endpoint.path).respond(json={"status": "0", "reason": "success"})
    await CALLS[call](client)
    (request,) = [made.request for made in route.calls]
    sample = sent_sample(fact, call)
    assert (json.loads(request.content) if request.content else None) == sample
    url = fact.get("examples", {}).get("request_url", f"{BASE}{endpoint.path}")
    assert request.url == httpx.URL(url)
    assert request.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert {"Sign", "Timestamp", "Api-Key"} <= {name.decode() for name, _ in request.headers.raw}


def assert_holds(plain: Any, sample: Any) -> None:
    """Check that data has all of a sample."""
    if isinstance(sample, dict):
        assert sample.keys() <= plain.keys()
        for name, value in sample.items():
            assert_holds(plain[name], value)
    elif isinstance(sample, list):
        for one, value in zip(plain, sample, strict=True):
            assert_holds(one, value)
    else:
        assert plain == sample


ANSWERED = [call for call in CALLS if example(FACTS[str(ENDPOINT_OF[call])], "response") is not None]


@pytest.mark.parametrize("call", ANSWERED)
@respx.mock(base_url=BASE)
async def test_nothing_of_the_pages_answer_is_lost(
    call: str, client: AsyncClient, respx_mock: respx.MockRouter
) -> None:
    endpoint = ENDPOINT_OF[call]
    sample = example(FACTS[str(endpoint)], "response")
    respx_mock.request(endpoint.method, endpoint.path).respond(json=sample)
    given = await CALLS[call](client)
    data = getattr(given, "data", given)  # two of the calls are `client.call`
    plain = data.to_dict(secrets=True) if attrs.has(type(data)) else data
    if isinstance(data, list):
        plain = [one.to_dict(secrets=True) for one in data]
    assert_holds(plain, sample["data"])
    assert getattr(data, "extra", {}).keys() <= {"searchCount"}


@pytest.mark.parametrize("status", ["0", 0])
@respx.mock(base_url=BASE)
async def test_a_balance_stands_beside_the_code(status: Any, client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    body = {"status": status, "reason": "success", "balance": "99.990", "gift": "5", "credit": 0, "new": [1]}
    respx_mock.get("/sms/getBalance").respond(json=body)
    balance = await client.account.get_balance()
    assert (balance.balance, balance.gift, balance.credit, dict(balance.extra)) == ("99.990", "5", "0", {"new": [1]})
    assert str(balance.amount()) == "99.990"
    # The raw call knows the path.
    assert (await client.request("GET", "/sms/getBalance")).data == {
        name: value for name, value in body.items() if name not in ("status", "reason")
    }


@respx.mock(base_url=BASE)
async def test_a_group_id_has_two_names_in_the_settings(client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    for name in ("voiceGroupId", "seatGroupId"):
        respx_mock.get("/v3/cc/seatGroup/basicSettingResp").respond(json={"status": 0, "data": {name: 5}})
        assert (await client.agent_groups.get_settings(5)).group_id == 5


@respx.mock(base_url=BASE)
async def test_what_the_tables_leave_open_is_read_in_each_form(
    client: AsyncClient, respx_mock: respx.MockRouter
) -> None:
    def page(record: dict[str, Any]) -> dict[str, Any]:
        return {"status": "0", "data": {"total": 1, "records": [record]}}

    respx_mock.post("/v3/cc/preview/query").respond(json=page({"completedRate": 0.5, "taskStatus": 99}))
    task = (await client.call_tasks.list())[0]
    assert (task.completed_rate, task.task_status) == (0.5, 99)
    respx_mock.post("/v3/cc/preview/query").respond(json=page({"completedRate": "50%"}))
    assert (await client.call_tasks.list())[0].completed_rate == "50%"
    record = {"seatName": 12, "callId": 7, "var02": "b", "var01": "a", "var10": None, "callCount": 1}
    respx_mock.post("/v3/cc/preview/queryTaskDetail").respond(json=page(record))
    number = (await client.call_tasks.list_numbers(1))[0]
    assert (number.seat_name, number.call_id, number.columns, number.call_count) == ("12", "7", ["a", "b", None], 1.0)
