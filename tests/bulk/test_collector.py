"""The garbage collector rests while rows are read and compared, and is left as it was found."""

from __future__ import annotations

import gc
import sys

import pytest

from bulk.trunks import row, trunk
from itnio_async.bulk.collector import paused_collector
from itnio_async.bulk.places import SourceError
from itnio_async.bulk.plan import make_plan
from itnio_async.bulk.rows import read_changes


@pytest.fixture
def collections():
    """The collections that began by themselves, by their generation."""
    begun = []

    def note(phase, info):
        if phase == "start":
            begun.append(info["generation"])

    gc.collect()
    gc.callbacks.append(note)
    yield begun
    gc.callbacks.remove(note)


def test_none_begins_while_much_is_made(collections):
    many = 10 * gc.get_threshold()[0]
    with paused_collector():
        kept = [[] for _ in range(many)]
    assert len(kept) == many
    before = len(collections)
    assert before <= 1  # the one that was due, after it
    kept = [[] for _ in range(many)]
    assert len(collections) > before + 5


# Python 3.14 has no generation between the young and the old, and keeps the old in two parts.
OLD = (1, 2) if sys.version_info >= (3, 14) else (2,)


def in_generations(*numbers):
    return {id(it) for number in numbers for it in gc.get_objects(number)}


def test_what_was_made_is_old_then():
    frozen = gc.get_freeze_count()
    with paused_collector():
        made = [[] for _ in range(1000)]
        young = in_generations(0)
    assert young >= set(map(id, made))
    assert in_generations(*OLD) >= set(map(id, made))
    assert gc.get_freeze_count() == frozen


def test_what_somebody_has_frozen_stays_frozen():
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with paused_collector():
            made = [[] for _ in range(1000)]
        assert gc.get_freeze_count() >= frozen > 0
        assert in_generations(*OLD) >= set(map(id, made))
    finally:
        gc.unfreeze()


def test_it_stays_off_where_it_was_off():
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_reading_and_comparing_leave_it_on_also_where_they_fail(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("keyId,sipGatewayIp\n" + "".join(f"{number},10.9.9.9\n" for number in range(1, 3001)))
    changes = read_changes(path).changes
    assert gc.isenabled()
    make_plan(changes, [trunk(number) for number in range(1, 3001)])
    assert gc.isenabled()
    path.write_text("keyId,nothing\n1,2\n")
    with pytest.raises(SourceError):
        read_changes(path)
    assert gc.isenabled()

    def broken():
        yield row(1, 1)
        raise OSError("of the caller's")

    with pytest.raises(OSError, match="of the caller's"):
        make_plan(broken(), [trunk(1)])
    assert gc.isenabled()
