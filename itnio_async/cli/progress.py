"""Show how far a job is: on a terminal as a bar with the latest failures, elsewhere as plain lines.

`shown_progress` chooses between `Bar` and `Lines`; `PausableProgress` takes either off the screen for a question.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Self

from itnio_async.bulk import Failure, Progress
from itnio_async.bulk.report.words import reason_of
from itnio_async.cli.loudness import is_quiet
from itnio_async.cli.output import BAD, CARE, GOOD, console, json_line, say, until_nobody_reads, visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Tell = Callable[[Progress], None]

_FAILURES_SHOWN = 3
_WIDEST_BAR = 60
# Off a terminal a line for each tenth is enough, but a slow job must not look dead.
_SILENCE = 30.0


class PausableProgress:
    """The progress on the screen, which can be taken off it to ask a question."""

    def __init__(self) -> None:
        self._screen = ExitStack()
        self._tell: Tell | None = None
        self.last: Progress | None = None

    def tell(self, progress: Progress) -> None:
        """Show how far the job is."""
        self.last = progress
        if self._tell is not None:
            self._tell(progress)

    def paused(self, ask: Callable[[], bool]) -> bool:
        """Ask with nothing else on the screen, and return the answer."""
        self._screen.close()
        try:
            return ask()
        finally:
            self.__enter__()

    def __enter__(self) -> Self:
        self._tell = self._screen.enter_context(shown_progress())
        if self.last is not None:
            self._tell(self.last)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the terminal may be gone, and the job has its end to tell elsewhere
            self._screen.close()


@asynccontextmanager
async def heartbeat(progress: PausableProgress, every: float) -> AsyncIterator[None]:
    """Write how far a job is every so many seconds, for programs that watch it, also while nothing happens."""
    beats = asyncio.ensure_future(_beat(progress, every))
    try:
        yield
    finally:
        beats.cancel()


async def _beat(progress: PausableProgress, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        if progress.last is not None:
            with until_nobody_reads():
                json_line(_event(progress.last))


def _event(progress: Progress) -> dict[str, object]:
    return {
        "event": "progress",
        "total": progress.total,
        "finished": progress.finished,
        "done": progress.done,
        "refused": progress.failed,
        "unknown": progress.unknown,
        "under_way": progress.under_way,
        "retried": progress.retried,
        "rate": round(progress.rate, 3),
        "remaining": progress.remaining,
        "held_back": progress.held_back or None,
    }


@contextmanager
def shown_progress() -> Iterator[Tell]:
    """Give a function that shows a `Progress` on stderr."""
    if is_quiet():
        yield lambda _: None
        return
    # A terminal that cannot move its cursor gets lines too.
    if not sys.stderr.isatty() or (screen := console(stderr=True)).is_dumb_terminal:
        lines = Lines()
        try:
            yield lines.tell
        finally:
            lines.end()
        return
    from rich.live import Live

    bar = Bar()
    with Live(bar, console=screen, refresh_per_second=5):
        yield bar.tell


def duration(seconds: float) -> str:
    """Return a time as a clock shows it: 1:05 or 2:00:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def parts_of(progress: Progress) -> list[str]:
    """Return the numbers to show, the most important first."""
    parts = [f"{progress.finished:,} of {progress.total:,}", f"{progress.failed:,} refused"]
    if progress.unknown:
        parts.append(f"{progress.unknown:,} unknown")
    if progress.rate:
        parts.append(f"{progress.rate:,.0f}/s")
    if progress.held_back:
        parts.append(progress.held_back)
    if progress.remaining:
        parts.append(f"{duration(progress.remaining)} left")
    if progress.retried:
        parts.append(f"{progress.retried:,} retries")
    return parts


def text_of_failure(failure: Failure) -> str:
    """Return a failed row in one line."""
    result = failure.result
    code = "" if result.code is None else f"{result.code} "
    name = f" {failure.trunk_name}" if failure.trunk_name else ""
    return visible(f"{failure.place.unit} {failure.place.line}{name}: {code}{reason_of(result) or result.error}")


class Lines:
    """A line on stderr for each tenth of the rows, and after a long silence."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tenth = 0
        self._said = clock()
        self._last: Progress | None = None
        self._shown: Progress | None = None

    def tell(self, progress: Progress) -> None:
        """Show how far the job is, if it is time."""
        if not progress.total:
            return
        self._last = progress
        tenth = progress.finished * 10 // progress.total
        if tenth == self._tenth and self._clock() - self._said < _SILENCE:
            return
        self._tenth, self._said = tenth, self._clock()
        self._show(progress)

    def end(self) -> None:
        """Show how far the job has come, if that was not the last line."""
        if self._last is not None and (self._shown is None or _outcomes(self._last) != _outcomes(self._shown)):
            self._show(self._last)

    def _show(self, progress: Progress) -> None:
        self._shown = progress
        say(", ".join(parts_of(progress)))


def _outcomes(progress: Progress) -> tuple[int, int, int]:
    return progress.finished, progress.failed, progress.unknown


class Bar:
    """A bar, a line of numbers, and the latest failures; rich draws it again and again."""

    def __init__(self) -> None:
        self._progress = Progress(total=0)

    def tell(self, progress: Progress) -> None:
        """Show how far the job is."""
        self._progress = progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, no line wider than the terminal: a wrapped line could not be erased again."""
        from rich.progress_bar import ProgressBar
        from rich.segment import Segment
        from rich.text import Text

        progress = self._progress
        if not progress.total:
            yield Text("Reading the trunks ...", no_wrap=True, overflow="ellipsis")
            return
        width = options.max_width
        is_well = not (progress.failed or progress.unknown)
        colour = GOOD if is_well else CARE if progress.finished < progress.total else BAD
        yield ProgressBar(
            total=progress.total,
            completed=min(progress.finished, progress.total),
            width=min(_WIDEST_BAR, width),
            complete_style=colour,
            finished_style=colour,
        )
        yield Segment.line()
        yield Text(_fitting(parts_of(progress), width), no_wrap=True, overflow="ellipsis")
        for failure in progress.failures[-_FAILURES_SHOWN:]:
            yield Text(text_of_failure(failure), BAD, no_wrap=True, overflow="ellipsis")


def _fitting(parts: list[str], width: int) -> str:
    """Return as many of the parts as fit, the first one in any case."""
    text = parts[0]
    for part in parts[1:]:
        if len(text) + len(part) + 2 > width:
            break
        text = f"{text}, {part}"
    return text
