"""Merges a live stream that has gaps with history: every line once, in order within its instance. Pure; times are passed in.

While nothing is missing, live lines are given as they come. When the stream is connected again after a gap, each app's
history is read from ``overlap`` before the newest line heard, and a live line waits until history has reached it (see
``fill``). A gap ends when history has passed the moment of the new connection by ``overlap``, or has nothing newer by then.
What is given is remembered by its identity for as long as history may bring it again.

``connected`` and ``lost`` may come in any order and number; too much at once (``lost`` by whoever drops lines) is a gap, too.
"""

from collections.abc import Iterable

from shippers.gaps.fill import Fill
from shippers.gaps.values import REPEATS, Closed, Gap, Given, Limits, Missing, Reach, Said, Told, Unfilled
from shippers.identity import Reading, Seen, key

FORGET_EVERY_NS = 5_000_000_000


class Merging:
    """The state: which connection it is, the gaps that are open, the apps whose history is being read."""

    def __init__(self, limits: Limits, apps: Iterable[str] = (), *, can_fill: bool = True) -> None:
        """``apps`` are known from the start, the others as they are heard. Without ``can_fill`` there is no history."""
        self.limits, self.can_fill = limits, can_fill
        self.fills: dict[str, Fill] = {}
        self.apps: dict[str, None] = dict.fromkeys(apps)  # in the order in which they were met
        self.heard_ns: int | None = None  # the newest stamp of a live line, or when the first connection stood
        self.seen = Seen(limits.remembered)
        self.gaps: list[Gap] = []
        self.closed: list[Closed] = []  # for whoever tells people
        self.missing: list[Missing] = []  # as above
        self.opened = 0
        self._reading = Reading(REPEATS)
        self._epoch = 0
        self._is_open = False  # whether nothing is heard now, though something was before
        self._since: dict[str, int] = {}  # where fills of an earlier run stood
        self._number = 0
        self._forgot_ns = 0

    def resume(self, heard_ns: int, apps: Iterable[str], fills: dict[str, int]) -> None:
        """Go on from an earlier run: what was said since then may be missing."""
        self.heard_ns, self._since = heard_ns, dict(fills)
        for app in [*apps, *fills]:
            self._know(app)
        self.lost()

    def know(self, apps: Iterable[str], now_ns: int) -> None:
        """Hear which apps there are: of those that are new, what was said in the gaps at hand is looked for, too."""
        for app in apps:
            if app not in self.apps:
                self._met(app, now_ns)

    def lost(self) -> None:
        """Nothing is heard from now on, until ``connected``."""
        if self.heard_ns is not None and not self._is_open:
            self._is_open = True
            self.opened += 1

    def connected(self, now_ns: int) -> None:
        """All that is said from now on is heard."""
        if not self._is_open or self.heard_ns is None:
            self.heard_ns = self.heard_ns or now_ns
            return
        self._is_open = False
        self._epoch += 1
        from_ns = min(self.heard_ns, now_ns)
        if not self.can_fill:
            for app in self.apps or [""]:
                self.missing.append(Missing(app, from_ns, now_ns, Unfilled.NO_TOKEN))
            self.gaps.append(Gap(from_ns, now_ns, set(), unfilled=True))
        else:
            self.gaps.append(Gap(from_ns, now_ns, set(self.apps)))
            for app in self.apps:
                self._fill(app, now_ns, from_ns)
        self._since.clear()
        if self.apps or not self.can_fill:  # else it stays for a while: who is heard first may have begun in it
            self._close()

    def live(self, lines: list[Said], now_ns: int) -> list[Given]:
        """Take live lines; return those that may be given."""
        given: list[Given] = []
        if self.gaps and not self.fills and now_ns > self.gaps[-1].to_ns + self.limits.overlap_ns:
            self._close()
        for said in lines:
            line, at_ns = said.line, said.at_ns
            fill = self.fills.get(line.app)
            if line.app not in self.apps:
                fill = self._met(line.app, now_ns) or fill
            if at_ns is None:
                given += [Given(line, None)] if fill is None else fill.live(said, None, self.seen)
                continue
            self.heard_ns = max(self.heard_ns or 0, min(at_ns, now_ns))  # a clock that is ahead must not hide a gap
            identity = self._reading.identify(key(line.app, line.instance, at_ns, line.text))
            if fill is not None:
                given += fill.live(said, identity, self.seen)
            elif self.seen.take(identity.key, identity.repeat):
                given.append(Given(line, identity.key))
        self._forget(now_ns)
        self._number += len(given)
        return given

    def overhear(self, at_ns: int | None, now_ns: int) -> None:
        """Hear a line that is none of ours, of the same stream."""
        if at_ns is not None and not self._is_open:
            self.heard_ns = max(self.heard_ns or 0, min(at_ns, now_ns))

    def history(self, app: str, lines: Iterable[Told], now_ns: int) -> list[Given]:
        """Take what history tells next of an app."""
        fill = self.fills.get(app)
        if fill is None:
            return []
        given: list[Given] = []
        for told in lines:
            given += fill.history(told, self.seen)
        given += fill.passed(self.limits.overlap_ns, self.seen)
        self._forget(now_ns)
        return self._counted(app, given)

    def at_end(self, app: str, settled_ns: int) -> list[Given]:
        """Hear that history has told everything up to a moment, and that there is nothing newer which is settled."""
        fill = self.fills.get(app)
        if fill is None:
            return []
        # What history has passed and does not have will not come: its words may be others there.
        given = self._counted(app, fill.reach_all(self.seen) + fill.passed(-1, self.seen))
        if not fill.is_past and (settled_ns <= fill.until_ns or fill.waits):
            return given  # what waits was said: history will tell it, too
        return given + self._finish(app, None)

    def give_up(self, app: str, reason: Unfilled, detail: str = "") -> list[Given]:
        """Look no longer for what is missing of an app."""
        given = self._finish(app, (reason, detail)) if app in self.fills else []
        if reason is Unfilled.NO_SUCH_APP:  # the next gap need not tell it again
            self.apps.pop(app, None)
        return given

    @property
    def held_bytes(self) -> int:
        """What waits takes so much memory."""
        return sum(fill.held_bytes for fill in self.fills.values())

    def reach(self) -> Reach:
        """Return how far the lines given so far reach."""
        fills = {app: fill.left_ns for app, fill in self.fills.items()} | self._since
        return Reach(self._number, self.heard_ns, fills)

    def _fill(self, app: str, now_ns: int, from_ns: int) -> Fill:
        limits = self.limits
        oldest_ns = now_ns - limits.horizon_ns
        since_ns = min(from_ns - limits.overlap_ns, self._since.pop(app, now_ns))
        if from_ns < oldest_ns:
            self.missing.append(Missing(app, from_ns, oldest_ns, Unfilled.BEYOND_HISTORY))
            for gap in self.gaps[-1:]:
                gap.unfilled = True
        bounds = (max(since_ns, oldest_ns), now_ns + limits.overlap_ns, now_ns + limits.fill_ns, self._epoch)
        fill = self.fills.get(app)
        if fill is None:
            fill = self.fills[app] = Fill(*bounds)
        else:
            fill.again(*bounds)
        return fill

    def _met(self, app: str, now_ns: int) -> Fill | None:
        """Get to know an app; if it began while a gap was there, its lines of the gap are looked for, too."""
        if not self._know(app):
            return None
        if not self.can_fill or not self.gaps:
            return None
        for gap in self.gaps:
            gap.apps.add(app)
        fill = self._fill(app, self.gaps[-1].to_ns, self.gaps[0].from_ns)
        fill.deadline_ns = max(fill.deadline_ns, now_ns + self.limits.overlap_ns)
        return fill

    def _know(self, app: str) -> bool:
        """Note an app in the place of one that nothing is looked for of; False where there is none."""
        if app not in self.apps and len(self.apps) >= self.limits.apps:
            idle = next((known for known in self.apps if known not in self.fills), None)
            if idle is None:
                return False
            del self.apps[idle]
        self.apps[app] = None
        return True

    def _counted(self, app: str, given: list[Given]) -> list[Given]:
        self._number += len(given)
        mine = [gap for gap in self.gaps if app in gap.apps]
        for each in given:
            if each.filled and mine:
                at_ns = each.key[0] if each.key else 0
                next((gap for gap in mine if at_ns <= gap.to_ns), mine[-1]).lines += 1
        return given

    def _finish(self, app: str, failed: tuple[Unfilled, str] | None) -> list[Given]:
        fill = self.fills.pop(app)
        mine = [gap for gap in self.gaps if app in gap.apps]
        for gap in mine:
            gap.apps.discard(app)
            gap.unfilled |= failed is not None
        if failed and mine:
            from_ns = max(fill.cursor_ns, mine[0].from_ns)
            self.missing.append(Missing(app, from_ns, mine[-1].to_ns, *failed))
        self._close()
        given = fill.end(self.seen)
        self._number += len(given)
        return given

    def _close(self) -> None:
        done = [gap for gap in self.gaps if not gap.apps]
        self.gaps = [gap for gap in self.gaps if gap.apps]
        self.heard_ns = max([self.heard_ns or 0, *(gap.to_ns for gap in done)]) or None  # what is over is not looked for again
        self.closed += [Closed(gap.from_ns, gap.to_ns, gap.lines, not gap.unfilled) for gap in done]

    def _forget(self, now_ns: int) -> None:
        """Forget identities that neither the next gap's history nor one that is being read can bring again."""
        if now_ns - self._forgot_ns < FORGET_EVERY_NS or self.heard_ns is None:
            return
        self._forgot_ns = now_ns
        oldest_ns = min([self.heard_ns, *(fill.cursor_ns for fill in self.fills.values())]) - 2 * self.limits.overlap_ns
        self.seen.forget_before(oldest_ns)
        self._reading.forget_before(oldest_ns)
