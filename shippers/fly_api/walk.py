"""The way through an app's pages, each line once. Knows no socket and no clock: the time is passed in.

A page begins at its token: with all lines of that nanosecond again, as the last page may have ended among them. So repeats
are counted anew on each page, and what the pages before have brought is remembered.

Lines reach the API late, those of one instance later than those of another. What is stamped before ``settled_ns``, which
the caller derives from its clock, is all there. What is younger may be joined by more: ``rewind`` goes back to where all
was settled, and what was brought from there on is remembered, so that only what came late comes out.
"""

from collections.abc import Iterable
from enum import Enum

from msgspec import Struct

from shippers.fly_api.pages import ApiLine, Page, token_ns
from shippers.identity import Identity, Kept, Reading, Seen, key


class _Look(Enum):
    """What a question is for. A page that is full of one nanosecond may hide what is behind it."""

    ON = "go on"
    BEHIND = "is there anything behind this nanosecond?"
    AGAIN = "there is: is the page in front of it still full?"


class Fresh(Struct, frozen=True, gc=False):
    """A line that was not brought before."""

    said: ApiLine
    identity: Identity


class Walk:
    """Where to ask next, and what was brought of that which may come again."""

    def __init__(self, since_ns: int, seen: Iterable[Kept] = ()) -> None:
        """Begin at a moment; ``seen``: what an earlier walk has brought from there on."""
        self.token_ns = since_ns  # where to ask next
        self.kept_ns = since_ns  # before this nothing will come any more
        self.is_at_end = False  # the last page held nothing newer
        self.is_partial = False  # it was smaller than others
        self.crowded = 0  # nanoseconds with more lines than a page holds: the rest of them cannot be asked for
        self._seen = Seen()
        self._seen.restore(seen)
        self._is_settled = True  # all pages since ``kept_ns`` were settled when they were read
        self._largest = 0
        self._look = _Look.ON

    def rewind(self) -> None:
        """Ask again for what was too young to be complete."""
        self.token_ns, self._is_settled = self.kept_ns, True

    def take(self, page: Page, settled_ns: int) -> list[ApiLine]:
        """Do as ``identified`` does, for who needs the lines alone."""
        return [new.said for new in self.identified(page, settled_ns)]

    def identified(self, page: Page, settled_ns: int) -> list[Fresh]:
        """Take the answer to ``token_ns`` and return what is new, in the order of its stamps.

        A page without lines moves the token to ``settled_ns`` at most, whatever the API says.
        """
        fresh = self._fresh(page)
        asked_ns, look = self.token_ns, self._look
        self._largest = max(self._largest, len(page.lines))
        self.is_partial = len(page.lines) < self._largest
        self.token_ns, self._look = max(asked_ns, _next_ns(page, settled_ns)), _Look.ON
        is_still = self.token_ns == asked_ns
        self.is_at_end = not fresh and (is_still or (not page.lines and self.token_ns >= settled_ns))
        if look is _Look.BEHIND:
            self._look_back(asked_ns - 1, is_at_end=not page.lines)
        elif is_still and not fresh and self._may_be_crowded(page):
            self.token_ns, self.is_at_end = asked_ns + 1, False
            self._look = _Look.ON if look is _Look.AGAIN else _Look.BEHIND
            self.crowded += look is _Look.AGAIN
        self._settle(settled_ns)
        return fresh

    def _look_back(self, token_ns: int, *, is_at_end: bool) -> None:
        """Return to a nanosecond; ask again about it if there is more behind it, which could have come just now."""
        self.token_ns, self.is_at_end = token_ns, is_at_end
        self._look = _Look.ON if is_at_end else _Look.AGAIN

    def _fresh(self, page: Page) -> list[Fresh]:
        reading, fresh = Reading(), []
        for said in page.lines:
            line = said.line
            one = reading.identify(key(line.app, line.instance, said.at_ns, line.text))
            if self._seen.take(one.key, one.repeat):
                fresh.append(Fresh(said, one))
        fresh.sort(key=lambda new: new.said.at_ns)
        return fresh

    def _may_be_crowded(self, page: Page) -> bool:
        """Whether a page is as large as any and holds nothing but one nanosecond."""
        return 0 < len(page.lines) == self._largest and all(said.at_ns == self.token_ns for said in page.lines)

    def _settle(self, settled_ns: int) -> None:
        self._is_settled = self._is_settled and self.token_ns <= settled_ns
        if self._is_settled and self._look is _Look.ON and self.token_ns > self.kept_ns:
            self.kept_ns = self.token_ns
            self._seen.forget_before(self.kept_ns)


def _next_ns(page: Page, settled_ns: int) -> int:
    told_ns = token_ns(page.next_token)
    if page.lines:
        return max(said.at_ns for said in page.lines) if told_ns is None else told_ns
    return 0 if told_ns is None else min(told_ns, settled_ns)
