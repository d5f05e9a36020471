"""The benchmarks do what they say, with numbers far too small to mean anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="the extra `bench` is not installed")
pytest.importorskip("httptools", reason="the extra `bench` is not installed")

ROOT = Path(__file__).resolve().parent.parent
OVER_NETWORK = ("sdk", "httpx", "aiohttp", "floor", "transport")


def _run(tmp_path, *arguments):
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", *arguments, "--json", str(results)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(results.read_text())


_TINY = ("--rounds", "1", "--seconds", "0.02", "--concurrency", "2")


@pytest.mark.parametrize("peer", OVER_NETWORK)
def test_a_peer_updates_and_the_server_counts_the_same_requests(tmp_path, peer):
    # The run itself ends with an error where the two counts differ; the server refuses what is no signed update.
    markdown, results = _run(tmp_path, "call", *_TINY, "--only", peer)

    (row,) = results["rows"]
    assert row["peer"] == peer
    assert row["calls_per_second"] > 0
    assert 0 < row["p50_ms"] <= row["p99_ms"]
    assert row["cpu_us"] > 0
    assert row["peak_mib"] > 1
    assert f"| {peer} |" in markdown
    (measured,) = results["rounds"]
    assert measured["server_requests"] == measured["measurement"]["sent"]
    assert measured["measurement"]["sent"] == measured["measurement"]["calls"] + 4  # two in flight, warmed up twice


def test_the_ready_made_request_is_what_the_sdk_sends(tmp_path):
    markdown, results = _run(tmp_path, "call", *_TINY, "--only", "sdk-over-transport", "transport")

    size = {each["peer"]: each["request_bytes"] for each in results["rounds"]}
    # Its version is the installed one, which may be an older one.
    assert size["transport"] == pytest.approx(size["sdk-over-transport"], abs=2)
    (added,) = results["overheads"]
    assert (added["pair"], added["in_flight"]) == ("network", 2)
    assert f"| {added['added']:.1f}" in markdown.replace("*", "")


def test_the_pair_in_memory_sends_nothing(tmp_path):
    _, results = _run(tmp_path, "call", *_TINY, "--only", "sdk-in-memory", "transport-in-memory")

    assert results["rows"] == []
    assert {each["server_requests"] for each in results["rounds"]} == {0}
    (added,) = results["overheads"]
    assert (added["pair"], added["in_flight"]) == ("memory", 2)
    assert added["sdk"] > added["transport"] > 0


def test_a_peer_that_signs_wrongly_is_refused():
    program = """
import asyncio, sys
from benchmarks import job, peers
from benchmarks.server import SERVERS

async def call_once(name, url):
    async with peers.PEERS[name](url) as call:
        await call()

with SERVERS["builtin"](None) as server:
    asyncio.run(call_once("floor", server.url))
    assert server.counts().requests == 1
    job.API_SECRET = "another"
    try:
        asyncio.run(call_once("floor", server.url))
    except RuntimeError as error:
        assert "not signed" in str(error), error
    else:
        sys.exit("not refused")
    assert server.counts().requests == 1
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def test_import_compares_with_the_libraries_alone(tmp_path):
    markdown, results = _run(tmp_path, "import", "--rounds", "1")

    assert results["seconds"].keys() == {"libraries", "itnio_async", "libraries and asyncio"}
    assert all(len(times) == 1 for times in results["seconds"].values())
    assert min(results["seconds"]["itnio_async"]) > min(results["seconds"]["libraries"]) > 0
    assert "| added | **" in markdown


@pytest.mark.parametrize(
    "arguments", [["call", "--rounds", "0"], ["call", "--only", "nobody"], ["call", "--server", "x"]]
)
def test_wrong_arguments_end_before_anything_runs(arguments):
    done = subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage:" in done.stderr
