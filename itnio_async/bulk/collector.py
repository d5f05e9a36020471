"""Python's garbage collector, paused while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Have no collection begin by itself until the block ends, and take what was made for old then.

    For a block that makes an object for each row of a file and no cycles: with every so many of them all are looked
    through once more, for nothing, which is a quarter of the time and more. So is the look at all of them at once that
    would follow, which a program's other threads wait for. What those left behind meanwhile counts as old as well, and
    is collected with what is. Where somebody else has switched the collector off, that stays so.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # All that is young becomes old, without a look at it. What somebody has frozen stays so: then it takes the look
        # at what is young that would come next anyway. (Python 3.12 counts what never dies as frozen.)
        if gc.get_freeze_count():
            gc.collect(1)
        else:
            gc.freeze()
            gc.unfreeze()
        gc.enable()
