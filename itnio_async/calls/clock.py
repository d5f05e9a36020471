"""The time that requests are signed with: this machine's clock, corrected by what the server says."""

from __future__ import annotations

from collections.abc import Callable, Container

from attrs import define

# `Date` has whole seconds, and an answer is under way for a while.
_SMALLEST_CORRECTION = 2.0
# More than a day is not a clock that is off but a wrong `Date`.
_LARGEST_CORRECTION = 86_400.0
# Beyond what timers of event loops ring too early.
_MARGIN = 0.005


@define(eq=False)
class ServerClock:
    """An estimate of the server's clock; only `learn` and `drop` change it, and the last lesson wins.

    Both are about a refused timestamp: `signed_at` is the timestamp, `correction` the one in use when it was made, and
    `server` the `Date` of the refusal. Where another call has changed the estimate meanwhile, they change nothing.
    """

    local: Callable[[], float]
    correction: float = 0.0

    def __call__(self) -> float:
        """Return the server's time in Unix seconds, as far as known."""
        return self.local() + self.correction

    def skew(self, server: float) -> float:
        """Return by how many seconds this machine's clock is ahead of the server's."""
        return self.local() - server

    def learn(self, server: float, signed_at: int, correction: float) -> bool:
        """Take over the server's time if it differs from the estimate, and tell whether it was taken over.

        Between `signed_at` and now, any time of the server agrees with the estimate: the request may have been slow.
        """
        off = max(signed_at - server, server - self.local() - correction)
        if correction != self.correction or not _SMALLEST_CORRECTION <= off <= _LARGEST_CORRECTION:
            return False
        self.correction = server - self.local()
        return True

    def drop(self, server: float, signed_at: int, correction: float) -> bool:
        """Go back to this machine's clock if the estimate is disproved, and tell whether that was so.

        It is where the server's own time agrees with it and the timestamp is refused all the same: `Date` is set by
        whatever stands before the API, whose clock may be wrong.
        """
        agrees = abs(server - signed_at) <= _SMALLEST_CORRECTION
        if not correction or correction != self.correction or not agrees:
            return False
        self.correction = 0.0
        return True

    def until_second_after(self, timestamps: Container[int]) -> float:
        """Return how many seconds remain until a timestamp is none of these; 0 where that is so now."""
        now = self()
        second = int(now)
        while second in timestamps:
            second += 1
        # Timers ring a little early, and the same second would make the same signature.
        return max(0.0, second - now + _MARGIN) if second > now else 0.0
