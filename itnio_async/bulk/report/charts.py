"""Small charts as SVG to stand inside a page: bars and lines over time, their colours from the page's style."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from html import escape

_WIDTH, _HEIGHT = 480, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 22
_INNER = _WIDTH - _LEFT - _RIGHT
_DEEP = _HEIGHT - _TOP - _BOTTOM
_TIMES_SHOWN = 5
_LEAST = 1e-9

Series = Sequence[tuple[str, str, Sequence[float | None]]]
"""What is drawn: for each one its label, its class in the page's style, and a value for each time (None: a gap)."""


def bars(title: str, times: Sequence[float], series: Series, zone: tzinfo) -> str:
    """Return stacked bars, one for each time."""
    totals = [sum(values[i] or 0 for _, _, values in series) for i in range(len(times))]
    top = nice_top(max(totals))
    step = _INNER / len(times)
    drawn = []
    for i in range(len(times)):
        base = 0.0
        for _, kind, values in series:
            value = values[i] or 0
            if value:
                x, y = _LEFT + i * step, _y(base + value, top)
                height = max(1.0, _y(base, top) - y)
                drawn.append(
                    f'<rect class={kind} x="{x:.1f}" y="{y:.1f}" width="{max(1.0, step - 1):.1f}" '
                    f'height="{height:.1f}"/>'
                )
            base += value
    return _figure(title, times, series, top, drawn, zone, centred=step / 2)


def lines(title: str, times: Sequence[float], series: Series, zone: tzinfo) -> str:
    """Return a line for each of the series; a gap breaks it."""
    top = nice_top(max((value or 0 for _, _, values in series for value in values), default=0))
    step = _INNER / max(1, len(times) - 1)
    drawn = []
    for _, kind, values in series:
        for part in _unbroken(values):
            points = [(_LEFT + i * step, _y(value, top)) for i, value in part]
            if len(points) == 1:
                drawn.append(f'<circle class={kind} cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="1"/>')
            else:
                drawn.append(f'<polyline class={kind} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
    return _figure(title, times, series, top, drawn, zone, centred=0)


def _unbroken(values: Sequence[float | None]) -> Iterable[list[tuple[int, float]]]:
    part: list[tuple[int, float]] = []
    for i, value in enumerate(values):
        if value is not None:
            part.append((i, value))
        elif part:
            yield part
            part = []
    if part:
        yield part


def nice_top(value: float) -> float:
    """Return the next number at or above the value that reads well at the top of an axis."""
    if value < _LEAST:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(top * unit for top in (1, 2, 4, 6, 8, 10, 20) if top * unit >= value)


def _y(value: float, top: float) -> float:
    return _TOP + _DEEP * (1 - value / top)


def _figure(
    title: str,
    times: Sequence[float],
    series: Series,
    top: float,
    drawn: Iterable[str],
    zone: tzinfo,
    *,
    centred: float,
) -> str:
    keys = "".join(f'<span class="key {kind}"><i></i>{escape(label)}</span>' for label, kind, _ in series)
    grid = "".join(
        f'<line class=grid x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(top * part / 2)}</text>'
        for part in range(3)
        for y in (_y(top * part / 2, top),)
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{keys}"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{grid}{''.join(drawn)}{_times(times, zone, centred)}</svg></figure>"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(times: Sequence[float], zone: tzinfo, centred: float) -> str:
    last = len(times) - 1
    shown = sorted({round(i * last / (_TIMES_SHOWN - 1)) for i in range(_TIMES_SHOWN)})
    is_long = times[-1] - times[0] > 86_400
    step = (_INNER - 2 * centred) / max(1, last)
    texts = []
    for i in shown:
        moment = datetime.fromtimestamp(times[i], zone)
        anchor = "start" if i == 0 else "end" if i == last else "middle"
        x = _LEFT if i == 0 else _WIDTH - _RIGHT if i == last else _LEFT + centred + i * step
        words = moment.strftime("%d.%m. %H:%M" if is_long else "%H:%M:%S")
        texts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="{anchor}">{words}</text>')
    return "".join(texts)
