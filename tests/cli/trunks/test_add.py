"""`itnio trunks add` against the sandbox."""

from __future__ import annotations

import json

ADD = ["trunks", "add", "--type", "outbound", "--sip-trunk-name", "new", "--group", "1000026"]


def test_add(itnio, sandbox):
    result = itnio(*ADD, "--sip-gateway-ip", "192.0.2.1", "--sip-prefix", "00")
    assert (result.status, result.err, result.lines) == (0, "", ["Added trunk 13."])
    added = sandbox.trunk(13)
    assert (added.type, added.sip_trunk_name, added.sip_gateway_ip, added.sip_prefix, added.sip_trunk_state) == (
        1,
        "new",
        "192.0.2.1",
        "00",
        False,
    )


def test_add_with_registration(itnio, sandbox, monkeypatch):
    monkeypatch.setenv("ITNIO_SIP_PASSWORD", "from-the-environment")
    options = ["--sip-gateway-ip", "192.0.2.1", "--sip-trunk-state", "--sip-account", "alice", "--json"]
    result = itnio(*ADD, *options)
    assert json.loads(result.out) == {"key_id": 13, "outcome": "added"}
    assert sandbox.trunk(13).sip_password == "from-the-environment"


def test_add_without_an_address(itnio, sandbox):
    result = itnio(*ADD)
    assert result.status == 3
    assert result.err.splitlines() == [
        "Error: sip_gateway_ip: the gateway address is missing. An outbound trunk needs sip_gateway_ip.",
        "  Vendor's code for the same mistake: -49; nothing was sent.",
        "  What to do: use --sip-gateway-ip.",
    ]


def test_add_that_is_refused(itnio, sandbox):
    result = itnio(*ADD, "--sip-gateway-ip", "10.0.0.1")
    assert result.status == 3
    assert "Vendor's code: -53 " in result.err


def test_add_with_an_unknown_outcome(itnio, sandbox):
    sandbox.order("half,endpoint=add")
    result = itnio(*ADD, "--sip-gateway-ip", "192.0.2.1")
    assert result.status == 5
    assert "The outcome is unknown. Look at the trunk: itnio trunks list --sip-trunk-name new\n" in result.err
