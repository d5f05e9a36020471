"""Names that trunks exchange: one of them gets a temporary name first, so that its own is free for another one.

No call is routed by a name, so a trunk may have any for a moment. That holds for nothing else that trunks exchange.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from itertools import count

from attrs import frozen

# The vendor's pages state no limit for names; this is the one of the other texts of a trunk.
_LONGEST = 50


@frozen
class Swap:
    """The first of two updates of a trunk: with everything that its row wants, but under the temporary name `name`.

    `needs` are the indexes of the items that must be done before the first one.
    """

    name: str
    needs: tuple[int, ...] = ()


def temporary_name(wanted: str, key_id: int | None, taken: Collection[str | None]) -> str:
    """Return a name that is not `taken`, and shows which one the trunk is to have.

    It is the same each time, unless it is taken by then.
    """
    for number in count():
        mark = hashlib.sha256(f"{key_id} {number} {wanted}".encode("utf-8", "surrogatepass")).hexdigest()[:4]
        ending = f" (swap {mark})"
        name = f"{wanted[: _LONGEST - len(ending)]}{ending}"
        if name not in taken:
            return name
    raise AssertionError
