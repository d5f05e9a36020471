"""The time that requests are signed with: this machine's clock, corrected by what the server says."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define

# `Date` has whole seconds, and an answer is under way for a while.
_SMALLEST_CORRECTION = 2.0
# More than a day is no clock that is off but a wrong `Date`.
_LARGEST_CORRECTION = 86_400.0


@define(eq=False)
class ServerClock:
    """An estimate of the server's clock; only `learn` changes it, and the last lesson wins."""

    local: Callable[[], float]
    correction: float = 0.0

    def __call__(self) -> float:
        """Return the server's time in Unix seconds, as far as known."""
        return self.local() + self.correction

    def skew(self, server: float) -> float:
        """Return by how many seconds this machine's clock is ahead of the server's."""
        return self.local() - server

    def learn(self, server: float, signed_at: float) -> bool:
        """Take over the server's time, and tell whether that changes anything for a request that was signed then.

        Between `signed_at` and now, any time of the server agrees with us: the request may have been slow.
        """
        now = self()
        off = max(signed_at - server, server - now)
        if not _SMALLEST_CORRECTION <= off <= _LARGEST_CORRECTION:
            return False
        self.correction = server - self.local()
        return True
