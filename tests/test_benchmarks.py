"""The benchmarks do what they say, with numbers far too small to mean anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("aiohttp", reason="the extra `bench` is not installed")
pytest.importorskip("httptools", reason="the extra `bench` is not installed")

from benchmarks import bounds, bulk_report, call, call_report, commands, imports
from benchmarks.bulk import OfflineRound, Results
from benchmarks.nginx import executable
from benchmarks.offline import LISTING, Part
from benchmarks.peers import PEERS, SIDE_BY_SIDE
from benchmarks.report import README, put
from benchmarks.ways import WAYS

pytestmark = pytest.mark.slow  # each measures several processes, one after the other
ROOT = Path(__file__).resolve().parent.parent
OVER_TLS = [name for name in SIDE_BY_SIDE if PEERS[name].tls]


def _run(tmp_path, *arguments):
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", *arguments, "--json", str(results)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(results.read_text())


def _installed(name):
    if missing := PEERS[name].missing():
        pytest.skip(f"{missing} not installed")
    return name


_TINY = ("--rounds", "1", "--seconds", "0.02", "--concurrency", "2")
_PLAIN = (*_TINY, "--tls", "--storm", "--around", "--server", "builtin")


@pytest.mark.parametrize("peer", SIDE_BY_SIDE)
def test_a_peer_updates_and_the_server_counts_the_same_requests(tmp_path, peer):
    # The run itself ends with an error where the two counts differ; the server refuses what is no signed update.
    markdown, results = _run(tmp_path, "call", *_PLAIN, "--only", _installed(peer))

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
    assert results["server"] == "the built-in one"


NEEDS_NGINX = pytest.mark.skipif(executable() is None, reason="nginx is not installed")


@pytest.mark.parametrize(
    ("peer", "server"), [*((peer, "builtin") for peer in OVER_TLS), pytest.param("sdk", "nginx", marks=NEEDS_NGINX)]
)
def test_tls_stands_beside_the_plain_calls_of_the_same_number(tmp_path, peer, server):
    pytest.importorskip("trustme")
    arguments = (*_TINY, "--tls", "2", "--storm", "--around", "--server", server)
    markdown, results = _run(tmp_path, "call", *arguments, "--only", _installed(peer))

    assert [(row["peer"], row["in_flight"], row["setup"]) for row in results["rows"]] == [
        (peer, 2, ""),
        (peer, 2, "TLS"),
    ]
    assert all(each["server_requests"] == each["measurement"]["sent"] for each in results["rounds"])
    assert "| TLS calls/s |" in markdown


@pytest.mark.parametrize("peer", ["sdk", "httpx"])
def test_a_storm_cancels_calls_and_looks_at_what_is_left(tmp_path, peer):
    arguments = ("--rounds", "1", "--seconds", "0.3", "--concurrency", "20", "--tls", "--around", "--storm", "20")
    markdown, results = _run(tmp_path, "call", *arguments, "--server", "builtin", "--only", _installed(peer))

    (row,) = results["storms"]
    assert (row["peer"], row["storms"]) == (peer, 1)
    assert row["calls_per_second"] > 0
    assert row["cancelled"] > 0
    assert 0 < row["connections"] <= 100
    assert "### Cancellation storm" in markdown
    if peer == "sdk":
        assert (row["works"], row["failures"], row["unhandled"]) == (1, {}, 0)


def test_a_peer_that_is_not_installed_is_left_out_with_a_line():
    program = "from benchmarks import call, peers\n"
    program += "peers.PEERS['stripe'] = peers.PEERS['stripe']._replace(needs=('nobody_has_this',))\n"
    program += "from benchmarks.__main__ import main\nmain()"
    command = [sys.executable, "-c", program, "call", *_PLAIN, "--only", "stripe", "floor"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)

    assert done.returncode == 0, done.stderr
    assert "Left out: stripe (nobody_has_this not installed)." in done.stdout
    assert "| floor |" in done.stdout
    assert "| stripe |" not in done.stdout


@pytest.mark.parametrize("peer", [name for name in PEERS if "+" in name])
def test_what_stands_around_a_call_is_measured_beside_the_call_alone(tmp_path, peer):
    arguments = (*_TINY, "--tls", "--storm", "--around", "2", "--server", "builtin")
    markdown, results = _run(tmp_path, "call", *arguments, "--only", _installed(peer))

    alone, _, what = peer.partition("+")
    rows = {row["peer"]: row for row in results["rows"]}
    assert {row["setup"] for row in rows.values()} == {"around"}
    assert rows.keys() == {alone, peer}
    assert rows[peer]["cpu_us"] > 0
    # The tools add headers of their own, Sentry only in a transaction, by which one sees that they are there.
    more = results["request_bytes"][peer] - results["request_bytes"][alone]
    assert (more > 20) is (what in ("sentry-transaction", "opentelemetry"))
    table = markdown.partition("### With what stands around a call, 2 in flight\n\n")[2].splitlines()[:3]
    names, _, figures = ([cell.strip() for cell in line.split("|")] for line in table)
    assert figures[names.index(what)] == f"{rows[peer]['cpu_us']:,.0f}"


def test_a_middleware_that_fails_is_seen_by_each_peer_that_has_one():
    program = """
import asyncio, sys
from benchmarks import around, peers

async def fail(*_):
    raise LookupError("asked")

class Failing:
    handle_async_request = fail

    async def aclose(self):
        pass

plain = around.hand_on
around.hand_on = lambda _: plain(Failing())
around.hand_on_aiohttp = around.hand_on_pyreqwest = fail

async def call_once(name):
    async with peers.PEERS[name].open(peers.Target("http://127.0.0.1:9")) as call:
        await call()

for name, peer in peers.PEERS.items():
    if name.endswith("+middleware") and not peer.missing():
        try:
            asyncio.run(call_once(name))
        except LookupError:
            continue
        sys.exit(f"{name} has no middleware")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def _row(peer, in_flight=100, *, setup="", rate=1.0, cpu=1.0, p99=1.0):
    return SimpleNamespace(
        peer=peer, in_flight=in_flight, setup=setup, calls_per_second=rate, cpu_us=cpu, least_cpu_us=cpu, p99_ms=p99
    )


def test_a_bound_compares_with_the_best_of_its_peers():
    rows = [_row("sdk", rate=10.0), _row("twilio", rate=5.0), _row("stripe", rate=2.0), _row("httpx", rate=0.5)]
    checked = {each.measure: each for each in bounds.check(rows)}

    fastest = checked["the same against the fastest of the SDKs"]
    assert (fastest.wanted, fastest.reached, fastest.met) == ("at least 2.5", "2.00 (twilio)", False)
    httpx = checked["the same against bare httpx"]
    assert (httpx.reached, httpx.met) == ("20.00 (httpx)", False)
    assert len(checked) == 2  # nothing is said of what was not measured


@pytest.mark.parametrize(("cpu", "met"), [(1.8, True), (1.85, True), (1.9, False)])
def test_a_bound_that_is_a_most(cpu, met):
    (checked,) = bounds.check([_row("sdk", cpu=cpu), _row("floor")])
    assert (checked.reached, checked.least_cpu, checked.met) == (f"{cpu:.2f} (floor)", f"{cpu:.2f}", met)
    assert ("**not met**" in bounds.markdown([checked])) is not met


@pytest.mark.parametrize(("cpu", "met"), [(44.0, True), (46.0, False)])
def test_a_bound_that_is_a_difference(cpu, met):
    (checked,) = bounds.check([_row("sdk+middleware", setup="around", cpu=cpu), _row("sdk", setup="around", cpu=30.0)])
    assert (checked.wanted, checked.reached, checked.met) == ("at most 15 µs", f"{cpu - 30:.1f} µs (sdk)", met)


@pytest.mark.parametrize(("what", "name"), [("sentry", "Sentry"), ("opentelemetry", "OpenTelemetry")])
def test_with_a_tool_the_sdk_is_held_against_aiohttp_with_that_tool(what, name):
    rows = [_row("sdk", setup="around"), _row(f"sdk+{what}", setup="around", cpu=300.0)]
    (checked,) = bounds.check([*rows, _row(f"aiohttp+{what}", setup="around", cpu=250.0), _row("aiohttp", cpu=900.0)])
    assert (checked.reached, checked.met) == (f"1.20 (aiohttp+{what})", False)
    assert name in checked.measure


def _offline_results(part, seconds, *, listings=0):
    rounds = [OfflineRound(part, 20_000, Part(seconds, listings, 0))]
    return Results(server="", concurrency=1, rounds=[], flat=[], offline=rounds, left_out={})


@pytest.mark.parametrize(
    ("part", "seconds", "listings", "met"),
    [
        ("rows", {"reading and checking": 1.0, "reading and checking every column": 2.9}, 0, [True, True]),
        ("rows", {"reading and checking": 1.0, "reading and checking every column": 3.1}, 0, [True, False]),
        ("plan", {"reading and checking": 0.5, LISTING: 9.0, "comparing": 0.4}, 0, [True]),
        ("plan", {"reading and checking": 0.5, LISTING: 9.0, "comparing": 0.6}, 0, [False]),
        ("going on", {LISTING: 2.0, "the job, with a listing": 4.0, "the report": 0.9}, 2, [True, True]),
        ("going on", {LISTING: 2.0, "the job, with a listing": 4.0, "the report": 1.1}, 3, [False, False]),
    ],
)
def test_the_bounds_of_a_jobs_steps(part, seconds, listings, met):
    checked = bulk_report.check(_offline_results(part, seconds, listings=listings))
    assert [each.met for each in checked] == met


def test_the_bound_of_the_import():
    (met,) = imports.check({"libraries": [0.1], "itnio_async": [0.149]})
    (broken,) = imports.check({"libraries": [0.1], "itnio_async": [0.151]})
    assert (met.met, broken.met, broken.reached) == (True, False, "51.00 ms")


def test_the_bounds_of_the_commands():
    times = {
        "libraries": [0.2, 0.1, 0.4],
        "itnio codes -53": [0.32, 0.17, 0.2],
        "itnio agents --help": [0.51, 0.3, 0.4],
    }
    codes, agents = commands.check(times)
    assert (codes.met, codes.reached, codes.least_cpu) == (True, "1.60 times", "1.70 times")
    assert (agents.met, agents.reached) == (False, "2.55 times")


@pytest.mark.slow  # two rounds of each program, with the bytecode of all of them
def test_the_commands_are_measured():
    command = [sys.executable, "-m", "benchmarks", "command", "--rounds", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for program in commands.PROGRAMS:
        assert f"| `{program}` | " in done.stdout


def test_a_bound_that_is_not_met_ends_the_command_with_a_line():
    program = "from benchmarks import imports\nimports._BOUND = 0\nfrom benchmarks.__main__ import main\nexit(main())"
    command = [sys.executable, "-c", program, "import", "--rounds", "1"]
    silent = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert (silent.returncode, "Not met" in silent.stderr) == (0, False)

    done = subprocess.run([*command, "--bounds"], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 1
    assert "Not met: CPU that importing all of itnio_async adds to the libraries: " in done.stderr
    assert "wanted: at most 0 ms" in done.stderr


def test_the_bounds_of_a_call_are_all_measured_with_their_option():
    measured = {(group.setup, group.in_flight, peer) for group in call.bounds_groups() for peer in group.peers}
    for bound in bounds.BOUNDS:
        for peer in (bound.ours, *bound.peers):
            assert (bound.setup, bound.in_flight, peer) in measured


def test_every_bound_can_be_met():
    rows = [
        _row(peer, number, setup=setup, rate=1000.0 if peer == "sdk" else 1.0)
        for peer in PEERS
        for number in (1, 100, 1000)
        for setup in ("", "TLS", "around")
    ]
    checked = bounds.check(rows)
    assert len(checked) == len(bounds.BOUNDS)
    assert all(each.met for each in checked)


def test_where_a_peer_is_better_is_said():
    rows = [
        call_report.Row(peer, 100, "", rate, 1.0, 1.0, cpu, cpu, memory, 0.0)
        for peer, rate, cpu, memory in (
            ("sdk", 100.0, 10.0, 40.0),
            ("faster", 200.0, 10.1, 44.0),
            ("smaller", 50.0, 30.0, 20.0),
            ("floor", 300.0, 5.0, 10.0),
        )
    ]
    assert call_report.better(rows) == [("100", "faster 2.00", "nobody", "nobody", "smaller 0.50")]


def test_the_ready_made_request_is_what_the_sdk_sends(tmp_path):
    markdown, results = _run(tmp_path, "call", *_PLAIN, "--only", "sdk-over-transport", "transport")

    size = results["request_bytes"]
    # Its version is the installed one, which may be an older one.
    assert size["transport"] == pytest.approx(size["sdk-over-transport"], abs=2)
    (added,) = results["overheads"]
    assert (added["pair"], added["in_flight"]) == ("network", 2)
    assert f"| {added['added']:.1f}" in markdown.replace("*", "")


def test_the_pair_in_memory_sends_nothing(tmp_path):
    _, results = _run(tmp_path, "call", *_PLAIN, "--only", "sdk-in-memory", "transport-in-memory")

    assert results["rows"] == []
    assert {each["server_requests"] for each in results["rounds"]} == {0}
    (added,) = results["overheads"]
    assert (added["pair"], added["in_flight"]) == ("memory", 2)
    assert added["sdk"] > added["transport"] > 0


def test_a_peer_that_signs_wrongly_is_refused():
    program = """
import asyncio, sys
from benchmarks import job, peers
from benchmarks.server import builtin

async def call_once(name, url):
    async with peers.PEERS[name].open(peers.Target(url)) as call:
        await call()

with builtin(None) as server:
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


def test_bulk_pushes_each_item_once_on_every_way(tmp_path):
    # The run ends with an error where the server counts other requests than a way had items.
    small = (
        "--rounds",
        "1",
        "--items",
        "40",
        "--concurrency",
        "4",
        "--many",
        "60",
        "--csv-rows",
        "30",
        "--trunks",
        "150",
    )
    markdown, results = _run(tmp_path, "bulk", *small, "--server", "builtin")

    assert [row["way"] for row in results["rows"]] == list(WAYS)
    assert {row["items"] for row in results["rows"]} == {40, 4}  # a tenth over httpx
    assert all(row["calls_per_second"] > 0 for row in results["rows"])
    assert [each["items"] for each in results["flat"]] == [1000, 60]
    assert [each["part"] for each in results["offline"]] == ["rows", "plan", "going on", "whole job"]
    assert len(results["bounds"]) == 9
    for each in results["bounds"]:
        assert f"| {each['measure']} |" in markdown
    job = markdown.partition("### A whole job of 150 rows")[2]
    for step in ("reading and checking", "comparing", "the job: its updates", "the report", "all of it"):
        assert f"| {step} |" in job


@pytest.mark.skipif(executable() is None, reason="nginx is not installed")
def test_the_updates_of_a_whole_job_go_to_the_server(tmp_path):
    small = ("--rounds", "1", "--items", "8", "--concurrency", "2", "--many", "0", "--csv-rows", "0", "--trunks", "20")
    markdown, results = _run(tmp_path, "bulk", *small, "--server", "nginx", "--only", "update_many")
    assert results["server"].startswith("nginx")
    assert "### A whole job of 20 rows" in markdown


def test_plots_are_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    call_plot, bulk_plot = tmp_path / "call.png", tmp_path / "bulk.png"
    _run(tmp_path, "call", *_PLAIN, "--only", "floor", "sdk", "--plot", str(call_plot))
    small = ("--rounds", "1", "--items", "8", "--concurrency", "2", "--many", "0", "--csv-rows", "0", "--trunks", "0")
    arguments = (*small, "--server", "builtin", "--only", "update_many", "bare loop of update")
    _run(tmp_path, "bulk", *arguments, "--plot", str(bulk_plot))

    assert call_plot.read_bytes().startswith(b"\x89PNG")
    assert bulk_plot.read_bytes().startswith(b"\x89PNG")


def test_results_replace_a_section_and_nothing_else(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n\n## Calls\n\nold\n\n### more\n\n## Bulk jobs\n\n## After\n\ntext\n")
    put("Bulk jobs", "tables\n", readme)
    put("Calls", "new\n\n### also new", readme)

    assert (
        readme.read_text()
        == "# Title\n\n## Calls\n\nnew\n\n### also new\n\n## Bulk jobs\n\ntables\n\n## After\n\ntext\n"
    )
    with pytest.raises(ValueError, match="no section 'Nothing'"):
        put("Nothing", "text", readme)


def test_the_readme_has_the_sections_that_results_fill():
    text = README.read_text()
    for section in ("Calls", "Bulk jobs", "Import"):
        assert f"\n## {section}\n" in text


def test_import_compares_with_the_libraries_alone(tmp_path):
    markdown, results = _run(tmp_path, "import", "--rounds", "1")

    assert results["seconds"].keys() == {"libraries", "itnio_async", "libraries and asyncio"}
    assert all(len(times) == 1 for times in results["seconds"].values())
    assert min(results["seconds"]["itnio_async"]) > min(results["seconds"]["libraries"]) > 0
    assert "| CPU that importing all of itnio_async adds to the libraries |" in markdown


@pytest.mark.parametrize(
    "arguments",
    [["call", "--rounds", "0"], ["call", "--only", "nobody"], ["call", "--server", "x"], ["bulk", "--only", "nobody"]],
)
def test_wrong_arguments_end_before_anything_runs(arguments):
    done = subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage:" in done.stderr
