"""Python's garbage collector, paused while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Have no collection begin by itself until the block ends.

    For a block that makes an object for each row of a file and no cycles: with every so many of them all are looked
    through once more, for nothing, which is a quarter of the time and more. What other threads leave behind meanwhile
    is collected after it. Where somebody else has switched the collector off, that stays so.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
