"""Blocks: what is taken was claimed on the disk before, and what was claimed and not taken is given back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from itertools import islice

import pytest
from hypothesis import given, strategies as st

from itnio_async.bulk.job.blocks import BLOCK, FIRST, LASTS, LEAST, Blocks
from itnio_async.bulk.journal.journal import JournalError


class SlowJournal:
    """A journal whose claims are on the disk when the test says so."""

    def __init__(self) -> None:
        self.claims: list[tuple[list[int], asyncio.Future[None]]] = []
        self.error: JournalError | None = None

    def mark(self, rows):
        if self.error is not None:
            raise self.error
        self.claims.append((rows, asyncio.get_running_loop().create_future()))
        return self.claims[-1][1]

    @property
    def on_disk(self):
        return {row for rows, claim in self.claims if claim.done() for row in rows}


def numbered(count):
    left = iter(range(count))
    return lambda most: [f"item {number}" for number in islice(left, most)]


def row_of(item):
    return int(item.removeprefix("item "))


async def test_nothing_is_taken_before_its_claim_is_on_the_disk():
    journal = SlowJournal()
    blocks = Blocks(journal, numbered(3), row_of)
    assert blocks.take() is None
    assert blocks.is_coming
    assert blocks.take() is None
    ((rows, claim),) = journal.claims
    assert rows == [0, 1, 2]
    waiting = asyncio.ensure_future(blocks.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    claim.set_result(None)
    await waiting
    assert [blocks.take() for _ in range(4)] == ["item 0", "item 1", "item 2", None]
    assert not blocks.is_coming
    assert blocks.give_back() == []


async def test_the_first_block_can_be_claimed_beforehand():
    journal = SlowJournal()
    blocks = Blocks(journal, numbered(3), row_of)
    beginning = asyncio.ensure_future(blocks.begin())
    await asyncio.sleep(0)
    assert not beginning.done()
    journal.claims[0][1].set_result(None)
    await beginning
    assert [blocks.take() for _ in range(4)] == ["item 0", "item 1", "item 2", None]


async def test_what_gets_ready_while_the_second_half_is_taken_is_claimed_before_its_end():
    journal, ready = SlowJournal(), deque(f"item {number}" for number in range(FIRST))
    blocks = Blocks(journal, lambda most: [ready.popleft() for _ in range(min(most, len(ready)))], row_of)
    blocks.take()
    journal.claims[0][1].set_result(None)
    for _ in range(FIRST // 2 + 1):
        blocks.take()
    ready.append(f"item {FIRST}")
    for _ in range(FIRST // 4):
        blocks.take()
    assert [rows for rows, _ in journal.claims[1:]] == [[FIRST]]


async def test_the_next_block_is_claimed_while_this_one_is_taken():
    journal = SlowJournal()
    blocks = Blocks(journal, numbered(3 * FIRST), row_of)
    blocks.take()
    journal.claims[0][1].set_result(None)
    for _ in range(FIRST // 2):
        assert blocks.take()
    assert len(journal.claims) == 1
    assert blocks.take()
    assert len(journal.claims) == 2
    journal.claims[1][1].set_result(None)
    for _ in range(FIRST // 2):  # over the border, without a wait
        assert blocks.take()


async def test_a_claim_that_fails_is_raised_and_its_rows_are_given_back():
    journal = SlowJournal()
    blocks = Blocks(journal, numbered(2), row_of)
    blocks.take()
    journal.claims[0][1].set_exception(sqlite3.OperationalError("full"))
    await blocks.wait()
    with pytest.raises(sqlite3.OperationalError):
        blocks.take()
    assert blocks.give_back() == ["item 0", "item 1"]


async def test_a_journal_that_fails_between_two_blocks_costs_no_row_of_the_first():
    journal = SlowJournal()
    blocks = Blocks(journal, numbered(2 * FIRST), row_of)
    blocks.take()
    journal.claims[0][1].set_result(None)
    taken = [blocks.take() for _ in range(FIRST // 2)]
    journal.error = JournalError("full")
    with pytest.raises(JournalError):
        blocks.take()
    # What is claimed is given back, and nothing is said of what never was.
    assert blocks.give_back() == [f"item {number}" for number in range(len(taken), FIRST)]


@given(
    count=st.integers(0, 700),
    steps=st.lists(st.sampled_from(["take", "commit"]), max_size=60),
    burst=st.integers(1, 40),
)
def test_each_is_taken_once_in_order_or_given_back(count, steps, burst):
    async def main():
        journal = SlowJournal()
        blocks = Blocks(journal, numbered(count), row_of)
        taken = []
        for step in steps:
            if step == "commit":
                for _, claim in journal.claims:
                    if not claim.done():
                        claim.set_result(None)
                continue
            for _ in range(burst):
                if (item := blocks.take()) is not None:
                    taken.append(item)
                    assert len(taken) - 1 in journal.on_disk
        left = blocks.give_back()
        claimed = [row for rows, _ in journal.claims for row in rows]
        assert taken == [f"item {number}" for number in range(len(taken))]
        assert left == [f"item {number}" for number in claimed[len(taken) :]]
        assert len(claimed) - len(taken) <= 2 * BLOCK

    asyncio.run(main())


@pytest.mark.parametrize(("rate", "size"), [(1, LEAST), (1000, 1000 * LASTS), (8000, 8000 * LASTS), (10**6, BLOCK)])
async def test_a_block_is_what_is_sent_in_its_time(rate, size):
    now = 1.0
    journal = SlowJournal()
    blocks = Blocks(journal, numbered(20 * BLOCK), row_of, clock=lambda: now)
    for _ in range(8 * BLOCK):
        if blocks.take() is None:
            journal.claims[-1][1].set_result(None)
            assert blocks.take() is not None
        now += 1 / rate
        if not journal.claims[-1][1].done():
            journal.claims[-1][1].set_result(None)
    assert len(journal.claims[-1][0]) == pytest.approx(size, rel=0.05)


async def test_blocks_of_one_row_claim_no_more_of_many_that_come_later():
    """As where each row waits for the one before: what a block had counts, and not what it might have had."""
    now, ready = 1.0, deque()
    journal = SlowJournal()
    blocks = Blocks(
        journal, lambda most: [ready.popleft() for _ in range(min(most, len(ready)))], row_of, clock=lambda: now
    )
    for number in range(40):
        ready.append(f"item {number}")
        assert blocks.take() is None
        journal.claims[-1][1].set_result(None)
        assert blocks.take() == f"item {number}"
        now += 0.005
    ready.extend(f"item {number}" for number in range(40, 2000))
    blocks.take()
    assert len(journal.claims[-1][0]) == LEAST
