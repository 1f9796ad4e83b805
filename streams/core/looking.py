"""Looks at single lines that no format at hand takes: requests, parts of one, events, or nothing. Knows no record."""

from streams.core import guarding, reading, stamps
from streams.core.deltas import Deltas
from streams.core.joins import Fragment
from streams.core.later import leans
from streams.core.opened import Opened
from streams.core.parsing import w3c
from streams.core.plan import Plan
from streams.core.sources import Source
from streams.core.values import Reason, Skipped

_SHOWS = Skipped(Reason.SECURITY)


class Looking:
    """Says what ``streams.core.reading`` says of a line, and counts it where its source is."""

    __slots__ = ("_deltas", "_opened", "_plan")

    def __init__(self, plan: Plan, deltas: Deltas, opened: Opened) -> None:
        """Begin with where lines count, and with what instances tell over several lines."""
        self._plan, self._deltas, self._opened = plan, deltas, opened

    def at(self, source: Source, raw: str, stamp: str | None, provider: str, clock_ms: int) -> None:
        """Take a line, of a source that is at its pane."""
        chars, known = self._plan.limits.line_chars, reading.neither(raw)
        if known is not None and not leans(source) and not self._plan.formats:
            self._no_request(source, raw, stamp, provider, known)
        elif known is None and len(raw) <= chars and (row := source.match(raw) or source.again(raw)):
            source.keep(row, stamp)
        else:
            self._closer(source, raw, stamp, provider, clock_ms)

    def _closer(self, source: Source, raw: str, stamp: str | None, provider: str, clock_ms: int) -> None:
        """Take a line that may be anything, by itself or to what its instance has open."""
        text, cut = reading.cleaned(raw, self._plan.limits.line_chars)
        if cut:
            self._deltas.tally(source.start_ms, source.app).cut += 1
        found = reading.what(text)
        if isinstance(found, tuple):
            source.learn(found[0])
            source.keep(found[1], stamp)
        elif not isinstance(found, Skipped):
            self._join(source, found, stamp)
            self._opened.beside(self._deltas, source, text, provider, stamp)
        elif part := self._opened.part(source, text, stamp):
            if isinstance(part, Fragment):
                self._join(source, part, stamp)
            else:
                self._deltas.skip(source, _SHOWS if guarding.line(self._plan, self._deltas, source, text, stamp) else part)
        elif told := w3c.row(self._opened.heading(source, clock_ms), text):
            source.apart(w3c.HEADED, told, stamp)
        elif self._plan.formats and (own := reading.recognise_own(text, self._plan.formats)):
            source.apart(*own, stamp)
        else:
            self._no_request(source, text, stamp, provider, found)

    def _no_request(self, source: Source, text: str, stamp: str | None, provider: str, part: Skipped) -> None:
        """Take a line that is an event, shows something to security, both, or nothing."""
        if guarding.line(self._plan, self._deltas, source, text, stamp):
            part = _SHOWS
        self._opened.line(self._deltas, source, text, provider, stamp, part)

    def _join(self, source: Source, part: Fragment, stamp: str | None) -> None:
        joins = self._opened.of(source)
        parsed = reading.joined(part, None if stamp is None else stamps.ms(stamp), joins)
        if joins.dropped:
            self._deltas.tally(source.start_ms, source.app).skipped[Reason.DROPPED] += joins.dropped
        if isinstance(parsed, Skipped):
            self._deltas.skip(source, parsed)
        else:
            source.apart(reading.JOINED, reading.row(parsed), stamp)
