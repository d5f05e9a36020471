"""How often the request of one attempt may have gone out: what its errors say about processing rests on it."""

from __future__ import annotations

from attrs import define

SENDINGS_EXTENSION = "itnio_sendings"


@define(eq=False)
class Sendings:
    """The sendings of one attempt; travels as a request extension.

    `begun` counts those that our pool began to write. `asked` counts the requests handed to a transport that has not
    said what it did with them: the signer adds to it, and the pool takes off what reaches it, since it counts by
    itself. A middleware may ask several times, and the pool replaces a connection that died.
    """

    begun: int = 0
    asked: int = 0

    @property
    def any(self) -> bool:
        """Tell whether anything may have gone out."""
        return self.begun + self.asked > 0

    @property
    def several(self) -> bool:
        """Tell whether there may have been another one than the one that was answered."""
        return self.begun + self.asked > 1

    def any_despite_refusal(self) -> bool:
        """Tell whether anything may have gone out, where the attempt ends with word that nothing was sent.

        A foreign transport is believed where it was asked once: asked again, its word is about the last time.
        """
        return self.begun > 0 or self.asked > 1

    def clear(self) -> None:
        """Begin to count again, for the next attempt."""
        self.begun = self.asked = 0
