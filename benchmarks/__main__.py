"""The commands: `python -m benchmarks call`, `bulk` and `import`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import bounds, bulk, bulk_report, call, call_report, imports, plot, report
from benchmarks.peers import PEERS
from benchmarks.servers import SERVERS
from benchmarks.ways import WAYS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, and print Markdown.")
    commands = parser.add_subparsers(dest="command", required=True)
    _call_arguments(commands.add_parser("call", help="one whole typed update, against its peers"))
    _bulk_arguments(commands.add_parser("bulk", help="many updates, against what is written by hand"))
    imported = commands.add_parser("import", help="the time of `import itnio_async`")
    imported.set_defaults(run=_import)
    imported.add_argument("--rounds", type=_positive(int), default=20)
    for command in commands.choices.values():
        command.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    return parser


def _call_arguments(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_call)
    command.add_argument("--rounds", type=_positive(int), default=5)
    command.add_argument("--seconds", type=_positive(float), default=1.0, help="of each peer in each round")
    _numbers(command, "--concurrency", "+", [1, 10, 100, 1000], "calls in flight")
    _numbers(command, "--tls", "*", [100], "calls in flight over TLS; without a number: no TLS")
    _numbers(command, "--storm", "*", [100], "calls in flight in storms; without a number: no storm")
    command.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER", help=", ".join(PEERS))
    command.add_argument(
        "--bounds", action="store_true", help="only what the bounds of speed need; ends with 1 where one is not met"
    )
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


def _call(arguments: argparse.Namespace) -> int:
    if arguments.plot:
        plot.require()
    plan = call.Plan(
        arguments.only,
        arguments.concurrency,
        arguments.tls,
        arguments.storm,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
    )
    if arguments.bounds:
        plan = call.bounds_plan(plan)
    rounds, storms = [], []
    with call.setting(plan, arguments.server) as made:
        for each in call.run(plan, made):
            call.progress(each)
            if isinstance(each, call.Round):
                rounds.append(each)
            else:
                storms.append(each)
    results = call_report.Results(rounds, storms, made.left_out, made.request_bytes)
    facts = report.facts(server=made.server.name)
    _tell(arguments, report.facts_markdown(facts), call_report.markdown(results), call_report.to_json(facts, results))
    if arguments.plot:
        plot.calls(results.rows(), arguments.plot)
    return int(arguments.bounds and not all(each.met for each in bounds.check(results.rows())))


def _bulk(arguments: argparse.Namespace) -> int:
    if arguments.plot:
        plot.require()
    plan = bulk.Plan(
        ways=arguments.only,
        items=arguments.items,
        many=arguments.many,
        csv_rows=arguments.csv_rows,
        trunks=arguments.trunks,
        concurrency=arguments.concurrency,
        rounds=arguments.rounds,
    )
    results = bulk.run(plan, arguments.server)
    facts = report.facts(server=results.server)
    _tell(arguments, report.facts_markdown(facts), bulk_report.markdown(results), bulk_report.to_json(facts, results))
    if arguments.plot:
        plot.ways(bulk_report.rows(results.rounds), arguments.plot)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    times = imports.run(arguments.rounds)
    facts = report.facts()
    _tell(arguments, report.facts_markdown(facts), imports.markdown(times), report.to_json(facts, seconds=times))
    return 0


def _tell(arguments: argparse.Namespace, how: str, markdown: str, results: str) -> None:
    print(f"{how}\n\n{markdown}")
    if arguments.json:
        arguments.json.write_text(results)


def main() -> int:
    """Measure, print Markdown and write JSON; progress goes to standard error."""
    arguments = _parser().parse_args()
    return arguments.run(arguments)  # type: ignore[no-any-return]


if __name__ == "__main__":
    raise SystemExit(main())
