"""One app's way through history after gaps: what was missed is given, live lines wait until history has reached them.

History tells every line of an instance in order, up to its present end. So once it has reached a line that came live over
the present connection, whatever was missed before that line has been given, and the rest of the instance is live's affair.
"""

from collections import deque

from shippers.gaps.values import Given, Held, Said, Told
from shippers.identity import Identity, Seen
from streams.core.values import Line

LINE_BYTES = 600  # what a line that waits costs beside its text


class Fill:
    """The state of one app."""

    def __init__(self, since_ns: int, until_ns: int, deadline_ns: int, epoch: int) -> None:
        """Look from one stamp to another; given up at a deadline."""
        self.cursor_ns = since_ns  # history has been read up to here
        self.until_ns, self.deadline_ns, self.epoch = until_ns, deadline_ns, epoch
        self.round = 0  # changes when history must be read anew from ``cursor_ns``
        self.is_past = False  # history has passed ``until_ns``
        self.held_bytes = 0
        self._reaching: dict[str, int] = {}  # instance -> reached, once history has told all repeats of that line
        self._reached: dict[str, int] = {}  # instance -> from this stamp on it is live's affair
        self._held: dict[str, deque[Held]] = {}
        self._waiting: dict[str, set[Identity]] = {}  # what is in _held, to be found

    @property
    def left_ns(self) -> int:
        """Where to begin again if this ended here."""
        waiting = (held[0].said.at_ns for held in self._held.values() if held)
        return min([self.cursor_ns, *(at_ns for at_ns in waiting if at_ns is not None)])

    @property
    def waits(self) -> bool:
        """Whether any live line waits for history to reach it."""
        return bool(self._held)

    def again(self, since_ns: int, until_ns: int, deadline_ns: int, epoch: int) -> None:
        """Look on, for another gap: what is live's affair must be found out anew."""
        self.cursor_ns = min(self.cursor_ns, since_ns)
        self.until_ns, self.deadline_ns, self.epoch = until_ns, deadline_ns, epoch
        self.round += 1
        self.is_past = False
        self._reaching.clear()
        self._reached.clear()

    def live(self, said: Said, identity: Identity | None, seen: Seen) -> list[Given]:
        """Take a live line: it is given, or waits, or was given already."""
        instance = said.line.instance
        if identity is not None and identity.repeat < seen.count(identity.key):
            if instance not in self._reached:  # history came first, and it tells in order
                self._reaching.setdefault(instance, identity.key[0])
            return []
        if instance in self._reached:
            return _given(said.line, identity, seen)
        self._held.setdefault(instance, deque()).append(Held(said, identity, self.epoch))
        if identity is not None:
            self._waiting.setdefault(instance, set()).add(identity)
        self.held_bytes += len(said.line.text) + LINE_BYTES
        return []

    def history(self, told: Told, seen: Seen) -> list[Given]:
        """Take the next line of history."""
        line, at_ns = told.said.line, told.said.at_ns
        if at_ns is None:
            return _given(line, told.identity, seen, filled=True)
        if at_ns > self.until_ns:
            self.is_past = True
            return []
        given = self.reach_all(seen) if at_ns > self.cursor_ns and self._reaching else []
        self.cursor_ns = max(self.cursor_ns, at_ns)
        reached_ns = self._reached.get(line.instance)
        if reached_ns is not None and at_ns > reached_ns:
            return given
        if told.identity in self._waiting.get(line.instance, ()):
            return given + self._release_to(line.instance, told.identity, seen)
        return given + _given(line, told.identity, seen, filled=True)

    def reach_all(self, seen: Seen) -> list[Given]:
        """Return what waited behind lines that history has reached: it has left their nanosecond, or is at its end."""
        reaching, self._reaching = self._reaching, {}
        return [given for instance, at_ns in reaching.items() for given in self._reach(instance, at_ns, seen)]

    def passed(self, slack_ns: int, seen: Seen) -> list[Given]:
        """Return lines that history should have reached by now and does not have: they wait no longer."""
        given = []
        for instance, held in list(self._held.items()):
            while held and (held[0].said.at_ns or 0) + slack_ns < self.cursor_ns:
                first = held[0]
                given += self._pop(instance, seen)
                if first.epoch == self.epoch and first.said.at_ns is not None:
                    given += self._reach(instance, first.said.at_ns, seen)
                    break
            if not held:
                self._forget(instance)
        return given

    def end(self, seen: Seen) -> list[Given]:
        """Return all that waits: history tells no more."""
        return [given for instance in list(self._held) for given in self._release(instance, seen)]

    def _release_to(self, instance: str, identity: Identity, seen: Seen) -> list[Given]:
        held, given = self._held[instance], []
        while held:
            first = held[0]
            given += self._pop(instance, seen)
            if first.identity == identity:
                break
        if first.epoch == self.epoch:  # no gap behind it
            self._reaching[instance] = identity.key[0]
        elif not held:
            self._forget(instance)
        return given

    def _reach(self, instance: str, at_ns: int, seen: Seen) -> list[Given]:
        self._reached[instance] = at_ns
        return self._release(instance, seen)

    def _release(self, instance: str, seen: Seen) -> list[Given]:
        given = []
        while self._held.get(instance):
            given += self._pop(instance, seen)
        self._forget(instance)
        return given

    def _pop(self, instance: str, seen: Seen) -> list[Given]:
        first = self._held[instance].popleft()
        self.held_bytes -= len(first.said.line.text) + LINE_BYTES
        if first.identity is not None:
            self._waiting[instance].discard(first.identity)
        return _given(first.said.line, first.identity, seen)

    def _forget(self, instance: str) -> None:
        self._held.pop(instance, None)
        self._waiting.pop(instance, None)


def _given(line: Line, identity: Identity | None, seen: Seen, *, filled: bool = False) -> list[Given]:
    if identity is None:
        return [Given(line, None, filled)]
    return [Given(line, identity.key, filled)] if seen.take(identity.key, identity.repeat) else []
