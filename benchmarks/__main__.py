"""The two commands: `python -m benchmarks call` and `python -m benchmarks import`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import call, imports, report
from benchmarks.peers import PEERS
from benchmarks.server import SERVERS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=report.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    calls = commands.add_parser("call", help="one whole typed update, against its peers")
    calls.add_argument("--rounds", type=_positive(int), default=5)
    calls.add_argument("--seconds", type=_positive(float), default=1.0, help="of each peer in each round")
    calls.add_argument("--concurrency", type=_positive(int), nargs="+", default=[1, 10, 100, 1000], metavar="N")
    calls.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER", help=", ".join(PEERS))
    calls.add_argument("--server", choices=SERVERS, default="builtin")
    imports = commands.add_parser("import", help="the time of `import itnio_async`")
    imports.add_argument("--rounds", type=_positive(int), default=20)
    for command in (calls, imports):
        command.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    return parser


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def positive(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise ValueError
        return value

    return positive


def main() -> None:
    """Measure, print Markdown and write JSON; progress goes to standard error."""
    arguments = _parser().parse_args()
    if arguments.command == "call":
        rounds = []
        for each in call.run(
            arguments.only,
            arguments.concurrency,
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            server=arguments.server,
        ):
            rounds.append(each)
            rate = each.measurement.calls / each.measurement.elapsed
            print(f"{each.in_flight:>5} in flight  {each.peer:<20} {rate:>10,.0f} calls/s", file=sys.stderr)
        markdown, results = report.call_markdown(rounds), report.call_json(rounds)
    else:
        times = imports.run(arguments.rounds)
        markdown, results = report.import_markdown(times), report.import_json(times)
    print(f"{report.facts_markdown(report.facts())}\n\n{markdown}")
    if arguments.json:
        arguments.json.write_text(results)


if __name__ == "__main__":
    main()
