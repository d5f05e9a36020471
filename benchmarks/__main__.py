"""The commands: `python -m benchmarks call`, `bulk`, `pace`, `import` and `command`, and `results` for all of them."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from benchmarks import bounds, bulk, bulk_report, call, call_report, commands, imports, pace, plot, report
from benchmarks.nginx import SERVERS
from benchmarks.peers import PEERS
from benchmarks.ways import WAYS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, and print Markdown.")
    subparsers = parser.add_subparsers(dest="command", required=True)
    _call_arguments(subparsers.add_parser("call", help="one whole typed update, against its peers"))
    _bulk_arguments(subparsers.add_parser("bulk", help="many updates, against what is written by hand"))
    for name, run, what in (
        ("import", _import, "the time of importing itnio_async"),
        ("command", _command, "the time of short commands of `itnio`"),
    ):
        timed = subparsers.add_parser(name, help=what)
        timed.set_defaults(run=run)
        timed.add_argument("--rounds", type=_positive(int), default=20)
    paced = subparsers.add_parser("pace", help="runs at the vendor's pace; ends with 1 where a bound is not met")
    _pace_arguments(paced)
    taken = subparsers.add_parser("results", help="all of these, into the README of the benchmarks")
    taken.set_defaults(run=_results)
    taken.add_argument("--call", default="", metavar="OPTIONS", help="options of `call`, in one word")
    taken.add_argument("--bulk", default="", metavar="OPTIONS", help="options of `bulk`, in one word")
    for command in subparsers.choices.values():
        command.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
        command.add_argument(
            "--bounds", action="store_true", help="only what the bounds need; ends with 1 where one is not met"
        )
    return parser


def _call_arguments(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_call)
    command.add_argument("--rounds", type=_positive(int), default=5)
    command.add_argument("--seconds", type=_positive(float), default=1.0, help="of each peer in each round")
    _numbers(command, "--concurrency", "+", [1, 10, 100, 1000], "calls in flight")
    _numbers(command, "--tls", "*", [100], "calls in flight over TLS; without a number: no TLS")
    _numbers(command, "--storm", "*", [100], "calls in flight in storms; without a number: no storm")
    _numbers(command, "--around", "*", [100], "calls in flight under Sentry and the like; without a number: none")
    command.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER", help=", ".join(PEERS))
    _server_and_plot(command)


def _bulk_arguments(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_bulk)
    command.add_argument("--rounds", type=_positive(int), default=3)
    command.add_argument("--items", type=_positive(int), default=20_000, help="updates of each way; a tenth over httpx")
    command.add_argument("--concurrency", type=_positive(int), default=100)
    command.add_argument("--many", type=int, default=1_000_000, help="items whose memory is held against 1,000; 0: not")
    command.add_argument("--csv-rows", type=int, default=100_000, help="rows of a CSV that is read; 0: none")
    command.add_argument("--trunks", type=int, default=20_000, help="trunks that rows are compared with; 0: none")
    command.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY", help=", ".join(WAYS))
    _server_and_plot(command)


def _pace_arguments(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_pace)
    command.add_argument("--rows", type=_positive(int), default=pace.ROWS, help="of each simulated run")
    command.add_argument("--items", type=int, default=pace.LOOPBACK_ROWS, help="updates over loopback; 0: none")
    command.add_argument("--rounds", type=_positive(int), default=7, help="over loopback")
    _server_and_plot(command)


def _server_and_plot(command: argparse.ArgumentParser) -> None:
    command.add_argument("--server", choices=SERVERS, default="auto", help="auto: nginx where it is installed")
    command.add_argument("--plot", type=Path, metavar="FILE", help="draw the results as a PNG")


def _numbers(command: argparse.ArgumentParser, name: str, how_many: str, default: list[int], text: str) -> None:
    command.add_argument(name, type=_positive(int), nargs=how_many, default=default, metavar="N", help=text)


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def positive(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise ValueError
        return value

    return positive


class _Outcome(NamedTuple):
    """What a command has to say, for people and for programs, and what became of its bounds."""

    markdown: str
    json: str
    checked: Sequence[bounds.Checked] = ()


def _call(arguments: argparse.Namespace) -> _Outcome:
    before = report.load()
    groups = call.groups(
        arguments.only,
        arguments.concurrency,
        tls=arguments.tls,
        storms=arguments.storm,
        around=arguments.around,
    )
    plan = call.Plan(call.bounds_groups() if arguments.bounds else groups, arguments.rounds, arguments.seconds)
    rounds, storms = [], []
    with call.setting(plan, arguments.server) as made:
        for each in call.run(plan, made):
            call.progress(each)
            if isinstance(each, call.Round):
                rounds.append(each)
            else:
                storms.append(each)
    found = call_report.Results(rounds, storms, made.left_out, made.request_bytes)
    if arguments.plot:
        plot.calls(found.rows(), arguments.plot)
    facts = report.facts(before, server=made.server.name)
    return _Outcome(
        f"{report.facts_markdown(facts)}\n\n{call_report.markdown(found)}",
        call_report.to_json(facts, found),
        bounds.check(found.rows()),
    )


def _bulk(arguments: argparse.Namespace) -> _Outcome:
    before = report.load()
    plan = bulk.Plan(
        ways=bulk.WAYS_OF_BOUNDS if arguments.bounds else arguments.only,
        items=arguments.items,
        many=arguments.many,
        csv_rows=arguments.csv_rows,
        trunks=arguments.trunks,
        concurrency=arguments.concurrency,
        rounds=arguments.rounds,
    )
    found = bulk.run(plan, arguments.server)
    if arguments.plot:
        plot.ways(bulk_report.rows(found.rounds), arguments.plot)
    facts = report.facts(before, server=found.server)
    return _Outcome(
        f"{report.facts_markdown(facts)}\n\n{bulk_report.markdown(found)}",
        bulk_report.to_json(facts, found),
        bulk_report.check(found),
    )


def _pace(arguments: argparse.Namespace) -> _Outcome:
    before = report.load()
    found = pace.run(arguments.rows)
    items = arguments.items
    unlimited = pace.over_loopback(items, arguments.rounds, arguments.server) if items else None
    if arguments.plot:
        plot.paces(found, arguments.plot)
    facts = report.facts_markdown(report.facts(before))
    return _Outcome(
        f"{facts}\n\n{pace.markdown(found, unlimited)}",
        pace.to_json(found, unlimited),
        pace.check(found, unlimited),
    )


def _import(arguments: argparse.Namespace) -> _Outcome:
    return _times_of(imports, arguments.rounds)


def _command(arguments: argparse.Namespace) -> _Outcome:
    return _times_of(commands, arguments.rounds)


def _times_of(programs: ModuleType, rounds: int) -> _Outcome:
    before = report.load()
    times = programs.run(rounds)
    facts = report.facts(before)
    return _Outcome(
        f"{report.facts_markdown(facts)}\n\n{programs.markdown(times)}",
        report.to_json(facts, seconds=times),
        programs.check(times),
    )


def _results(arguments: argparse.Namespace) -> _Outcome:
    """Take all tables and plots, and put them into the README."""
    folder = report.README.parent
    parser = _parser()
    checked: list[bounds.Checked] = []
    for section, picture, command in (
        ("Calls", "call.png", ["call", *shlex.split(arguments.call)]),
        ("Bulk jobs", "bulk.png", ["bulk", *shlex.split(arguments.bulk)]),
        ("The vendor's pace", "pace.png", ["pace"]),
        ("Import", "", ["import"]),
        ("Commands", "", ["command"]),
    ):
        drawing = ["--plot", str(folder / picture)] if picture else []
        given = parser.parse_args([*command, *drawing])
        shown = f"![{section}]({picture})\n\n" if picture else ""
        outcome: _Outcome = given.run(given)
        facts, _, tables = outcome.markdown.partition("\n\n")
        report.put(section, f"{facts}\n\n{shown}{tables}")
        checked += outcome.checked
    return _Outcome(f"The tables are in {report.README}.", "{}", checked)


def main() -> int:
    """Measure, print Markdown and write JSON; progress goes to standard error."""
    arguments = _parser().parse_args()
    if getattr(arguments, "plot", None):
        plot.require()
    outcome: _Outcome = arguments.run(arguments)
    print(outcome.markdown)
    if arguments.json:
        arguments.json.write_text(outcome.json)
    broken = [each for each in outcome.checked if arguments.bounds and not each.met]
    for each in broken:
        print(f"Not met: {each}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
