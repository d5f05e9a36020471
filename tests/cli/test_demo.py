"""`itnio demo`: with nothing in the way and in trouble: its numbers add up, and follow from the seed."""

from __future__ import annotations

import json
import re

import pytest

from itnio_async import AsyncClient
from itnio_async.cli.demo_plan import SECOND_PREFIX, DemoPlan, plan_demo
from itnio_async.sandbox import Fault, Sandbox


def numbers_of(itnio, *arguments):
    result = itnio("demo", "--json", *arguments)
    assert result.status == 0
    return json.loads(result.out)


def assert_adds_up(numbers, trunks, concurrency):
    refused = sum(numbers["refused"].values())
    assert numbers["updated"] + refused + sum(numbers["unknown"].values()) == trunks
    assert numbers["read_back"] == numbers["updated"]
    assert numbers["requests"] == trunks + sum(numbers["retries"].values())
    assert numbers["requests_a_second"] == pytest.approx(numbers["requests"] / numbers["seconds"], rel=0.01)
    assert 1 <= numbers["connections_opened"] <= concurrency


@pytest.mark.parametrize("trunks", [1, 2, 9, 10, 60])
def test_the_numbers_add_up(itnio, trunks):
    numbers = numbers_of(itnio, "--trunks", trunks)
    assert numbers["trunks"] == trunks
    for name in ("all_well", "in_trouble"):
        assert_adds_up(numbers[name], trunks, numbers["concurrency"])
    assert numbers["all_well"]["updated"] == numbers["all_well"]["requests"] == trunks
    assert bool(numbers["in_trouble"]["refused"]) == (trunks >= 10)


def test_retries_and_every_kind_of_refusal_are_seen(itnio):
    numbers = numbers_of(itnio, "--trunks", 50)["in_trouble"]
    assert set(numbers["refused"]) == {"-18", "-47", "-52", "-53", "-59", "-60"}
    assert set(numbers["retries"]) == {"-16", "-18"}
    assert numbers["updated"] >= 40


def test_the_seed_decides_whatever_the_concurrency(itnio):
    kept = ("updated", "refused", "retries", "requests")
    first, second = (
        numbers_of(itnio, "--trunks", 30, "--seed", 7, "--concurrency", number)["in_trouble"] for number in (1, 20)
    )
    assert {name: first[name] for name in kept} == {name: second[name] for name in kept}
    assert first["connections_opened"] == 1


def test_a_difference_between_said_and_done_is_an_error(itnio, monkeypatch):
    monkeypatch.setattr(
        "itnio_async.cli.demo_plan.plan_demo", lambda trunks, seed: DemoPlan([t.to_update() for t in trunks], 0, [])
    )
    result = itnio("demo", "--trunks", 5, "--json")
    assert result.status == 1
    assert "5 updates succeeded, but 0 trunks have their new prefix" in result.err


def test_an_answer_that_is_lost_is_counted_as_unknown(itnio, monkeypatch):
    def with_a_lost_answer(trunks, seed):
        updates = [trunk.to_update(sip_prefix=SECOND_PREFIX) for trunk in trunks]
        return DemoPlan(updates, 0, [Fault("half", endpoint="update", key_id=2)])

    monkeypatch.setattr("itnio_async.cli.demo_plan.plan_demo", with_a_lost_answer)
    result = itnio("demo", "--trunks", 3)
    assert result.status == 0
    assert "Unknown (ConnectionLost)\t0\t1\tno answer came: the trunk may or may not be updated" in result.lines


def test_the_summary_without_a_terminal(itnio):
    result = itnio("demo", "--trunks", 20)
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in result.lines}
    assert rows["Updated"][0] == "20"
    assert rows["Refused -47"] == ["0", "1", "another trunk has that name"]
    last = [said for said in result.err.splitlines() if said.startswith("20 of 20, ")]
    assert [re.sub(r", [0-9,]+/s", "", said) for said in last] == [
        "20 of 20, 0 refused",
        "20 of 20, 5 refused, 1 unknown, 6 retries",
    ]


async def test_no_trunk_is_struck_by_two_faults_or_a_fault_and_a_mistake():
    with Sandbox(trunks=400) as sandbox:
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
            trunks = [trunk async for trunk in client.sip_trunks.list()]
    planned = plan_demo(trunks, 3)
    assert [update.key_id for update in planned.updates] == [trunk.key_id for trunk in trunks]
    struck = [fault.key_id for fault in planned.faults]
    unchanged = {
        trunk.key_id
        for trunk, update in zip(trunks, planned.updates, strict=True)
        if update == trunk.to_update(sip_prefix=SECOND_PREFIX)
    }
    assert planned.mistakes == len(trunks) - len(unchanged)
    assert len(struck) == len(set(struck))
    assert set(struck) <= unchanged
    assert planned == plan_demo(trunks, 3)
    assert planned != plan_demo(trunks, 4)
