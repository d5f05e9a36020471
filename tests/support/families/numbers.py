"""What the tests of all families know of numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.api.numbers import (
    BindType,
    NumberPoolAdd,
    NumberPoolUpdate,
    NumberUpdate,
    PhoneBind,
    YesNo,
)
from itnio_async.sandbox import Sandbox
from support.seeds import APPLICATION
from support.values import CHINA

NUMBER, OTHER = "12025550101", "12025550102"

CALLS = {
    "numbers.list": lambda client: client.numbers.list(app_id="bDqJFiq9", size=10),
    "numbers.update": lambda client: client.numbers.update(
        NumberUpdate(
            number="9150270215",
            out_ip=["192.168.10.17", "192.168.10.18"],
            in_ip="192.168.10.24:5060",
            remark="",
            inbound_prefix="",
            enable_voicemail=YesNo.YES,
            voicemail_file=None,
            voicemail_file_name=None,
            voicemail_max_hangup=99,
            app_id="Wosh8Ngx",
        )
    ),
    "numbers.list_records": lambda client: client.numbers.list_records(
        datetime(2022, 1, 31, tzinfo=CHINA), datetime(2022, 2, 1, tzinfo=CHINA), size=10
    ),
    "numbers.add_pool": lambda client: client.numbers.add_pool(
        NumberPoolAdd(
            pool_number="918885",
            customer_whitelist=["192.168.10.17", "192.168.10.18"],
            max_concurrency=99,
            number_list=["9178605501", "9178605502"],
        )
    ),
    "numbers.update_pool": lambda client: client.numbers.update_pool(
        NumberPoolUpdate(
            old_pool_number="918885",
            pool_number="918885",
            customer_whitelist=["192.168.10.17", "192.168.10.18"],
            max_concurrency=99,
            number_list=["9178605501", "9178605502"],
        )
    ),
    "numbers.list_pools": lambda client: client.numbers.list_pools(size=10),
    "numbers.bind": lambda client: client.numbers.bind(
        PhoneBind(
            phone_a="9188067701",
            phone_b="9188067799",
            pool_number="918806",
            expire_s=60,
            biz_type=BindType.AXB,
            app_id="4luaKsL2",
        )
    ),
    "numbers.unbind": lambda client: client.numbers.unbind(1002, "4luaKsL2"),
    "numbers.list_bindings": lambda client: client.numbers.list_bindings(app_id="4luaKsL2", size=10),
}

LINES = {
    "numbers.list": "--app-id bDqJFiq9 --limit 10",
    "numbers.update": "--number 9150270215 --out-ip 192.168.10.17 --out-ip 192.168.10.18 --in-ip 192.168.10.24:5060 "
    "--remark '' --inbound-prefix '' --enable-voicemail yes --null voicemail-file --null voicemail-file-name "
    "--voicemail-max-hangup 99 --app-id Wosh8Ngx",
    "numbers.list_records": "2022-01-31T00:00:00+08:00 2022-02-01T00:00:00+08:00 --limit 10",
    "numbers.add_pool": "--pool-number 918885 --customer-whitelist 192.168.10.17 --customer-whitelist 192.168.10.18 "
    "--max-concurrency 99 --number-list 9178605501 --number-list 9178605502",
    "numbers.update_pool": "--old-pool-number 918885 --pool-number 918885 --customer-whitelist 192.168.10.17 "
    "--customer-whitelist 192.168.10.18 --max-concurrency 99 --number-list 9178605501 --number-list 9178605502",
    "numbers.list_pools": "--limit 10",
    "numbers.bind": "--phone-a 9188067701 --phone-b 9188067799 --pool-number 918806 --expire-s 60 --biz-type axb "
    "--app-id 4luaKsL2",
    "numbers.unbind": "1002 4luaKsL2 --yes",
    "numbers.list_bindings": "--app-id 4luaKsL2 --limit 10",
}

NOT_REPEATED = {"numbers.add_pool", "numbers.update_pool", "numbers.bind"}

ASKED_ABOUT = {"numbers.unbind"}

OTHER_VALUES = {
    # The page's sample lacks what its table requires.
    "numbers.update_pool": {"oldPoolNumber": "918885"},
}

OPEN_TYPES = {
    ("POST /number/createNumberPool", "maxConcurrency"): "Array in the table, a number in the sample",
}

OPEN_ANSWER_TYPES = {
    ("POST /number/queryPage", "outIp"): "a list with commas, as in the update of a number",
    ("POST /number/pns/queryBindPage", "pnsNumberB"): "Integer in the table, a text in the sample and for A",
}

OPEN_ENUMERATIONS = {"bizType"}

BY_RULES = {"voicemailFile", "voicemailFileName", "maxConcurrency"}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    announcement = folder / "away.wav"
    announcement.write_bytes(b"RIFF----WAVE" + bytes(5 * 2**20 - 12))
    numbers = client.numbers
    assert {number.number for number in await numbers.list(app_id=APPLICATION)} >= {NUMBER, OTHER}
    update = NumberUpdate(
        number=NUMBER,
        app_id="another",
        enable_voicemail=YesNo.YES,
        voicemail_max_hangup=30,
        out_ip=["192.0.2.1", "192.0.2.2"],
    )
    await numbers.update(update, announcement)
    (number,) = await numbers.list(app_id="another")
    assert (number.voicemail_file_name, number.enable_voicemail) == ("away.wav", YesNo.YES)
    assert number.out_ip == ["192.0.2.1", "192.0.2.2"]
    now = datetime.fromtimestamp(sandbox.clock(), UTC)
    calls = [call async for call in numbers.list_records(now - timedelta(days=1, hours=1), now)]
    assert len(calls) > 20
    await numbers.add_pool(NumberPoolAdd(pool_number="1", customer_whitelist=["192.0.2.1"], max_concurrency=9))
    settings = NumberPoolUpdate(
        old_pool_number="1",
        pool_number="2",
        customer_whitelist=["192.0.2.1", "192.0.2.2"],
        max_concurrency=8,
        number_list=[NUMBER, OTHER],
    )
    await numbers.update_pool(settings)
    (pool,) = await numbers.list_pools()
    assert (pool.pool_number, pool.max_concurrency, pool.number_list) == ("2", 8, [NUMBER, OTHER])
    assert pool.customer_whitelist == settings.customer_whitelist
    bind = PhoneBind(
        phone_a="12025550151",
        phone_b="12025550152",
        pool_number="2",
        expire_s=3600,
        app_id=APPLICATION,
        biz_type=BindType.AXXB,
    )
    bound = await numbers.bind(bind)
    assert {bound.pns_number_a, bound.pns_number_b} == {NUMBER, OTHER}
    (listed,) = await numbers.list_bindings(app_id=APPLICATION)
    assert (listed.bind_id, listed.phone_a, listed.pns_number_b) == (bound.bind_id, bind.phone_a, bound.pns_number_b)
    assert bound.bind_id is not None
    await numbers.unbind(bound.bind_id, APPLICATION)
    assert len(await numbers.list_bindings()) == 0
