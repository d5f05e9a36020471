"""What a new sandbox starts with."""

from itnio_async.sandbox import Sandbox


async def test_seeded_trunks_alternate_and_share_nothing():
    with Sandbox(trunks=500) as sandbox:
        trunks, groups = sandbox.trunks, sandbox.agent_groups
    assert [trunk.type for trunk in trunks] == [1, 2] * 250
    addresses = [trunk.sip_gateway_ip or trunk.sip_white_ip for trunk in trunks]
    bound = [group.voice_group_id for trunk in trunks for group in trunk.groups]
    numbers = [group.number for trunk in trunks if trunk.type == 2 for group in trunk.groups]
    assert len(set(addresses)) == len(set(bound)) == 500
    assert len(set(numbers)) == 250
    assert None not in numbers
    registered = [trunk for trunk in trunks if trunk.sip_trunk_state]
    assert len(registered) == 125
    assert all(trunk.type == 1 and trunk.sip_account and trunk.sip_password for trunk in registered)
    assert sum(not group.bound_to for group in groups) == 100
