"""What a fold keeps of each instance while it reads records. Knows no envelope, plan or topic."""

from collections.abc import Sequence
from typing import Any

from streams.core.joins import Joins
from streams.core.parsing import FORMATS
from streams.core.parsing.format import Format, Row, Table, Texts
from streams.core.shapes import Parts, Shapes

_NO_ROWS: Table = ((),) * 7
NAME_CHARS = 100
UNNAMED = "(unknown)"
SEEN = 4  # formats of one instance that are tried before the table of all
FRESH = 16  # lines of a new instance that are asked for everything, until the first request among them


def named(app: str, instance: str) -> tuple[str, str]:
    """Return names that can be part of a key, whatever an envelope calls itself."""
    return app[:NAME_CHARS].replace("/", "_") or UNNAMED, instance[:NAME_CHARS]


class Column:
    """Rows of one format that belong to one pane (``start_ms`` None: each to the pane of its own stamp)."""

    __slots__ = ("_tables", "ahead", "clock_ms", "fmt", "late", "rows", "stamps", "start_ms")

    def __init__(self, fmt: Format, start_ms: int | None, clock_ms: int, *, late: bool, ahead: bool) -> None:
        """Make an empty column; the clock matters where the stamps are still to be read."""
        self.clock_ms = clock_ms
        self.fmt, self.start_ms, self.late, self.ahead = fmt, start_ms, late, ahead
        self.rows: list[Texts] = []  # behind the tables
        self.stamps: list[str | None] = []
        self._tables: list[Table] = []

    def take(self, texts: Sequence[str], stamps: Sequence[str | None]) -> Sequence[int]:
        """Add those of many lines that are of this format; return the numbers of the others.

        There are no stamps where they are those of the lines themselves.
        """
        run = self.fmt.run
        taken = run(texts) if run is not None else None
        if taken is None:
            return self._one_by_one(texts, stamps)
        if len(taken.refused) < len(texts):
            self.append(taken.table)
            self.stamps += without(stamps, taken.refused) if stamps and taken.refused else stamps
        return taken.refused

    def _one_by_one(self, texts: Sequence[str], stamps: Sequence[str | None]) -> list[int]:
        match, refused = self.fmt.match, []
        for number, text in enumerate(texts):
            if row := match(text):
                self.rows.append(row.groups())
                self.stamps += stamps[number : number + 1]
            else:
                refused.append(number)
        return refused

    @property
    def empty(self) -> bool:
        """Tell whether there are no rows."""
        return not self.rows and not self._tables

    def append(self, table: Table) -> None:
        """Add rows that are columns already."""
        if self.rows:
            self._tables.append(tuple(zip(*self.rows, strict=True)))
            self.rows.clear()
        self._tables.append(table)

    def table(self) -> Table:
        """Return all rows as columns, none when there are none."""
        if not self._tables:
            return tuple(zip(*self.rows, strict=True))
        if self.rows or len(self._tables) > 1:
            self.append(_NO_ROWS)
            self._tables = [tuple(map(_joined, *self._tables))]
        return self._tables[0]


def without(texts: Sequence[str | None], refused: Sequence[int]) -> list[str | None]:
    """Return a column without some of its rows, which are named in order."""
    kept = list(texts)
    for number in reversed(refused):
        del kept[number]
    return kept


def _joined(*parts: Sequence[Any]) -> list[Any]:
    joined: list[Any] = []
    for part in parts:
        joined += part  # several times faster than a chain
    return joined


class Source:
    """One instance of one app: the formats it writes (kept), and its columns of the records at hand."""

    __slots__ = (
        "add",
        "ahead",
        "app",
        "clock_ms",
        "columns",
        "fmt",
        "fresh",
        "here",
        "instance",
        "late",
        "match",
        "note",
        "opened",
        "prefix",
        "region",
        "seen",
        "shapes",
        "start_ms",
        "wait",
        "waiting",
    )

    def __init__(self, app: str, instance: str, region: str) -> None:
        """Start with the first format as the guess."""
        self.app, self.instance, self.region = app, instance, region
        self.columns: dict[tuple[str, int | None, bool, bool, int], Column] = {}
        self.opened: Joins | None = None  # what it tells over several lines, if anything is open; copied before it changes
        self.seen: list[Format] = []
        self.shapes = Shapes()
        self.fresh = FRESH
        self.begin()
        self.write(FORMATS[0])

    def begin(self) -> None:
        """Forget the last columns and keep the format."""
        self.columns = {}
        self.here: dict[str, Column] = {}  # of those, the ones of the pane at hand, by format
        self.prefix: str | None = None
        self.start_ms: int | None = None
        self.clock_ms = 0
        self.late = self.ahead = False
        self.waiting: list[int] = []  # numbers of lines of the record at hand, to be read together
        self.wait = self.waiting.append

    def turn(self, start_ms: int | None, clock_ms: int, *, late: bool, ahead: bool) -> None:
        """Move to a pane (None: each row to the pane of its own stamp), and go on with the format at hand."""
        if start_ms is not None and self.here and (start_ms, late, ahead) == (self.start_ms, self.late, self.ahead):
            return  # it is there: the clock alone has moved
        self.start_ms, self.clock_ms, self.late, self.ahead = start_ms, clock_ms, late, ahead
        self.here = {}
        self.write(self.fmt)

    def write(self, fmt: Format) -> None:
        """Let the next rows go to the column of this format and of the pane at hand."""
        column = self.here.get(fmt.name)
        if column is None:
            start_ms = self.start_ms
            key = (fmt.name, start_ms, self.late, self.ahead, self.clock_ms if start_ms is None else 0)
            column = self.columns.get(key)
            if column is None:
                column = self.columns[key] = Column(fmt, start_ms, self.clock_ms, late=self.late, ahead=self.ahead)
            self.here[fmt.name] = column
        self.fmt, self.match = fmt, fmt.match
        self.add, self.note = column.rows.append, column.stamps.append

    def rest(self) -> list[int]:
        """Return the numbers that wait, which do no longer."""
        waiting = self.waiting
        if waiting:
            self.waiting = []
            self.wait = self.waiting.append
        return waiting

    def keep(self, row: Row, stamp: str | None) -> None:
        """Add a row of the format at hand, which is that of the instance then: the first guess may have been right."""
        self.fresh = 0
        self.add(row.groups())
        self.note(stamp)

    def again(self, text: str) -> Row | None:
        """Try the other formats that the instance wrote before; the one that takes the text is its last one now."""
        for fmt in self.seen:
            if fmt is not self.fmt and (row := fmt.match(text)):
                self.write(fmt)
                return row
        return None

    def take(self, texts: Sequence[str], stamps: Sequence[str | None]) -> Sequence[int]:
        """Add those of many lines of the pane at hand that are of the format at hand; return the numbers of the others."""
        return self.here[self.fmt.name].take(texts, stamps)

    def several(self, texts: Sequence[str], stamps: Sequence[str | None]) -> Sequence[int]:
        """Add many lines of the pane at hand, of the formats that the instance wrote before; return the numbers of the others.

        The format that takes most of them is its last one now.
        """
        others = [fmt for fmt in self.seen if fmt is not self.fmt]
        if not others:
            return self.take(texts, stamps)
        if (parts := self.shapes.read(texts, (self.fmt, *others))) is not None:
            return self._parted(parts, (self.fmt, *others), len(texts), stamps)
        left = self.take(texts, stamps)
        most, best = len(texts) - len(left), self.fmt
        self.shapes.learn(best.name, texts, left)
        for fmt in others if left else ():
            self.write(fmt)
            some = [texts[i] for i in left]
            refused = self.take(some, [stamps[i] for i in left])
            self.shapes.learn(fmt.name, some, refused)
            if len(left) - len(refused) > most:
                most, best = len(left) - len(refused), fmt
            left = [left[i] for i in refused]
            if not left:
                break
        self.write(best)
        return left

    def _parted(self, parts: Parts, formats: Sequence[Format], count: int, stamps: Sequence[str | None]) -> Sequence[int]:
        """Add lines that were read by their shapes, format by format as if each had been asked in turn."""
        rows, left = parts
        most, best = 0, self.fmt
        for fmt in formats:
            if not count:
                break
            table, numbers = rows[fmt.name]
            self.write(fmt)
            if numbers:
                column = self.here[fmt.name]
                column.append(table)
                column.stamps += [stamps[i] for i in numbers]
            if len(numbers) > most:
                most, best = len(numbers), fmt
            count -= len(numbers)
        self.write(best)
        return left

    def apart(self, fmt: Format, row: Row, stamp: str | None) -> None:
        """Add a row of a format that is never tried first."""
        sticky = self.fmt
        self.write(fmt)
        self.add(row.groups())
        self.note(stamp)
        self.write(sticky)

    def learn(self, fmt: Format) -> None:
        """Let the next rows be of this format, and remember it among the last few."""
        self.fresh = 0
        if fmt not in self.seen:
            self.seen = [fmt, *self.seen[: SEEN - 1]]
        self.write(fmt)
