"""What a fold keeps of each instance while it reads records. Knows no envelope, plan or topic."""

from streams.core.parsing import FORMATS
from streams.core.parsing.format import Format, Texts


class Column:
    """Rows of one format that belong to one pane (``start_ms`` None: each to the pane of its own stamp)."""

    __slots__ = ("ahead", "clock_ms", "fmt", "late", "rows", "stamps", "start_ms")

    def __init__(self, fmt: Format, start_ms: int | None, clock_ms: int, *, late: bool, ahead: bool) -> None:
        """Make an empty column; the clock matters where the stamps are still to be read."""
        self.clock_ms = clock_ms
        self.fmt, self.start_ms, self.late, self.ahead = fmt, start_ms, late, ahead
        self.rows: list[Texts] = []
        self.stamps: list[str | None] = []


class Source:
    """One instance of one app: the format it wrote last (kept), and its columns of the records at hand."""

    __slots__ = (
        "add",
        "ahead",
        "app",
        "clock_ms",
        "columns",
        "fmt",
        "instance",
        "late",
        "match",
        "note",
        "prefix",
        "region",
        "start_ms",
    )

    def __init__(self, app: str, instance: str, region: str) -> None:
        """Start with the first format as the guess."""
        self.app, self.instance, self.region = app, instance, region
        self.columns: dict[tuple[str, int | None, bool, bool, int], Column] = {}
        self.begin()
        self.write(FORMATS[0])

    def begin(self) -> None:
        """Forget the last columns and keep the format."""
        self.columns = {}
        self.prefix: str | None = None
        self.start_ms: int | None = None
        self.clock_ms = 0
        self.late = self.ahead = False

    def write(self, fmt: Format) -> Column:
        """Let the next rows go to the column of this format and of the pane at hand."""
        start_ms = self.start_ms
        key = (fmt.name, start_ms, self.late, self.ahead, self.clock_ms if start_ms is None else 0)
        column = self.columns.get(key)
        if column is None:
            column = self.columns[key] = Column(fmt, start_ms, self.clock_ms, late=self.late, ahead=self.ahead)
        self.fmt, self.match = fmt, fmt.match
        self.add, self.note = column.rows.append, column.stamps.append
        return column
