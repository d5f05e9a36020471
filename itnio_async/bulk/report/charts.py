"""Where the bars, lines and words of a chart over time stand; the page's template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, tzinfo
from itertools import groupby

from attrs import frozen

WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, _TOP, _BOTTOM = 46, 472, 8, 178
_TIMES_SHOWN = 5
_LEAST = 1e-9


@frozen
class Series:
    """What is drawn: its label, its class in the page's style, and a value for each time (None: a gap)."""

    label: str
    kind: str
    values: Sequence[float | None]


@frozen
class Bar:
    """A part of the stacked bar of one time."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@frozen
class Line:
    """A part of a line without gaps, through these points."""

    kind: str
    points: Sequence[tuple[float, float]]


@frozen
class Mark:
    """A word on an axis: at this height on the left one, this far to the right on the lower one."""

    at: float
    words: str
    anchor: str = "middle"


@frozen
class Chart:
    """A drawing of `WIDTH` by `HEIGHT`, with the origin at the upper left."""

    title: str
    series: Sequence[Series]
    values: Sequence[Mark]
    times: Sequence[Mark]
    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()


def bar_chart(title: str, times: Sequence[float], series: Sequence[Series], zone: tzinfo) -> Chart:
    """Return a chart of stacked bars, one for each time (Unix seconds)."""
    top = nice_top(max(sum(one.values[i] or 0 for one in series) for i in range(len(times))))
    step = (RIGHT - LEFT) / len(times)
    drawn = []
    for i in range(len(times)):
        base = 0.0
        for one in series:
            if value := one.values[i] or 0:
                y = _y(base + value, top)
                height = max(1.0, _y(base, top) - y)
                drawn.append(Bar(one.kind, _short(LEFT + i * step), y, _short(max(1.0, step - 1)), _short(height)))
            base += value
    return Chart(title, series, _values(top), _times(times, zone, centred=step / 2), bars=drawn)


def line_chart(title: str, times: Sequence[float], series: Sequence[Series], zone: tzinfo) -> Chart:
    """Return a chart with a line for each of the series; a gap breaks it."""
    top = nice_top(max((value or 0 for one in series for value in one.values), default=0))
    step = (RIGHT - LEFT) / max(1, len(times) - 1)
    drawn = []
    for one in series:
        for is_gap, part in groupby(enumerate(one.values), key=lambda value: value[1] is None):
            if not is_gap:
                points = [(_short(LEFT + i * step), _y(value or 0, top)) for i, value in part]
                drawn.append(Line(one.kind, points))
    return Chart(title, series, _values(top), _times(times, zone, centred=0), lines=drawn)


def nice_top(value: float) -> float:
    """Return the next number at or above the value that reads well at the top of an axis."""
    if value < _LEAST:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(top * unit for top in (1, 2, 4, 6, 8, 10, 20) if top * unit >= value)


def _y(value: float, top: float) -> float:
    return _short(_BOTTOM - (_BOTTOM - _TOP) * value / top)


def _short(value: float) -> float:
    """Return the number with as many digits as can be seen."""
    return round(value, 1)


def _values(top: float) -> list[Mark]:
    return [Mark(_y(value, top), _number(value), "end") for value in (0.0, top / 2, top)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(times: Sequence[float], zone: tzinfo, *, centred: float) -> list[Mark]:
    last = len(times) - 1
    shown = sorted({round(i * last / (_TIMES_SHOWN - 1)) for i in range(_TIMES_SHOWN)})
    is_long = times[-1] - times[0] > 86_400
    step = (RIGHT - LEFT - 2 * centred) / max(1, last)
    marks = []
    for i in shown:
        words = datetime.fromtimestamp(times[i], zone).strftime("%d.%m. %H:%M" if is_long else "%H:%M:%S")
        if i == 0:
            marks.append(Mark(LEFT, words, "start"))
        elif i == last:
            marks.append(Mark(RIGHT, words, "end"))
        else:
            marks.append(Mark(_short(LEFT + centred + i * step), words))
    return marks
