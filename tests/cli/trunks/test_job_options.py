"""What `--rate` and `--keep-trying` mean, and what they do not take."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from itnio_async.cli.exits import CommandError
from itnio_async.cli.trunks.job_options import JobRunOptions, rate_of, seconds_of
from itnio_async.config import bulk_rate_of

# Near to what is taken, and anything else.
TEXTS = st.text("0123456789._-+e smhinfa\u0665", max_size=6) | st.text(max_size=6)
DECIMAL = r"([0-9]+(\.[0-9]+)?|\.[0-9]+)"


@pytest.mark.parametrize(
    ("text", "rate"), [("auto", "auto"), ("none", None), ("84", 84.0), ("0.01", 0.01), (".5", 0.5), ("2.50", 2.5)]
)
def test_a_rate(text, rate):
    assert rate_of(text) == rate


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("10m", 600.0), ("1h", 3600.0), ("45", 45.0), ("1.5h", 5400.0), ("0.5", 0.5)]
)
def test_a_time(text, seconds):
    assert seconds_of("--keep-trying", text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "0.009", "-1", "nan", "inf", "1e3", "1_0", "\u0665", "9" * 400, "AUTO", "5/s"]
)
def test_what_is_not_a_rate(text):
    with pytest.raises(CommandError, match="it is not a rate") as caught:
        rate_of(text)
    assert "auto, none" in caught.value.advice


@pytest.mark.parametrize(
    "text", ["", "s", "0", "0h", "-1s", "nan", "infm", "1e3", "1_0m", "\u0665s", "9" * 400, "1d", "1h30m"]
)
def test_what_is_not_a_time(text):
    with pytest.raises(CommandError, match=r"--keep-trying .*it is not a time") as caught:
        seconds_of("--keep-trying", text)
    assert "90s, 10m or 1h" in caught.value.advice


@given(TEXTS)
def test_any_text_is_a_rate_that_a_run_takes_or_is_refused(text):
    try:
        rate = rate_of(text)
    except CommandError:
        return
    bulk_rate_of(rate)
    assert text in ("auto", "none") or (re.fullmatch(DECIMAL, text) and rate == float(text))


@given(TEXTS)
def test_any_text_is_a_time_that_a_job_takes_or_is_refused(text):
    try:
        seconds = seconds_of("--keep-trying", text)
    except CommandError:
        return
    assert re.fullmatch(DECIMAL + "[smh]?", text)
    assert JobRunOptions(keep_trying=text).job_options().patience == seconds


@given(st.floats(0.01, 1e6), st.sampled_from([("s", 1), ("m", 60), ("h", 3600), ("", 1)]))
def test_a_number_as_it_is_written_is_taken(number, unit):
    text = f"{number:.6f}"
    name, factor = unit
    assert rate_of(text) == float(text)
    assert seconds_of("--keep-trying", text + name) == float(text) * factor
