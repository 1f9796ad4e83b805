"""The way through an app's pages, each line once. Knows no socket and no clock.

A page begins at its token: with all lines of that nanosecond again, as the last page may have ended among them. So repeats
are counted anew on each page, and what the pages before have brought is remembered from the token on.
"""

from collections.abc import Iterable

from shippers.fly_api.pages import ApiLine, Page, token_ns
from shippers.identity import Kept, Reading, Seen, key


class Walk:
    """Where to ask next, and what was brought from there on."""

    def __init__(self, since_ns: int, seen: Iterable[Kept] = ()) -> None:
        """Begin at a moment; ``seen``: what an earlier walk has brought from there on."""
        self.token_ns = since_ns
        self.is_at_end = False  # the last page held nothing newer
        self.crowded = 0  # nanoseconds with more lines than a page holds: the rest of them cannot be asked for
        self._seen = Seen()
        self._seen.restore(seen)
        self._largest = 0
        self._stepped = False

    def take(self, page: Page, settled_ns: int) -> list[ApiLine]:
        """Take the answer to ``token_ns`` and return the lines that are new, in the order of their stamps.

        A page without lines moves the token to ``settled_ns`` at most: lines stamped later may still reach the API.
        """
        reading = Reading()
        fresh = [said for said in page.lines if reading.is_new(_key(said), self._seen)]
        fresh.sort(key=_stamp)
        if page.lines and self._stepped:
            self.crowded += 1
        asked_ns, self._stepped = self.token_ns, False
        self._largest = max(self._largest, len(page.lines))
        self.token_ns = max(asked_ns, self._next_ns(page, settled_ns))
        is_still = self.token_ns == asked_ns
        self.is_at_end = not fresh and (is_still or (not page.lines and self.token_ns >= settled_ns))
        if is_still and not fresh and self._is_stuck(page):
            self.token_ns, self.is_at_end, self._stepped = asked_ns + 1, False, True
        if self.token_ns > asked_ns:
            self._seen.forget_before(self.token_ns)
        return fresh

    def seen(self) -> tuple[Kept, ...]:
        """Return what was brought from the token on: with the token it is all that the next walk must know."""
        return self._seen.kept()

    def _next_ns(self, page: Page, settled_ns: int) -> int:
        told_ns = token_ns(page.next_token)
        if page.lines:
            return max(map(_stamp, page.lines)) if told_ns is None else told_ns
        return 0 if told_ns is None else min(told_ns, settled_ns)

    def _is_stuck(self, page: Page) -> bool:
        """Whether a full page holds nothing but one nanosecond."""
        return 0 < len(page.lines) == self._largest and all(said.at_ns == self.token_ns for said in page.lines)


def _stamp(said: ApiLine) -> int:
    return said.at_ns


def _key(said: ApiLine) -> tuple[int, bytes]:
    line = said.line
    return key(line.app, line.instance, said.at_ns, line.text)
