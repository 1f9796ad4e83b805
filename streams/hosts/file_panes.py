"""Folds files into panes: chunk by chunk here, or in processes beside this one, with the same result. Decides nothing.

A chunk leans on the ones before it in five ways: a request told over several lines may have begun there, a document
printed over several lines, the names of columns were told there, and lines that tell no time count with their neighbours:
one that does is not folded alone, nor any behind it. The fifth is a stack trace: what a chunk folded alone came to counts if
no trace goes on in it, else it is read again.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

from msgspec import Struct

from streams.core import batches, lines, panes
from streams.core.folding import Folding
from streams.core.joins import Joins
from streams.core.opened import Firsts, Opened
from streams.core.plan import Plan
from streams.core.records import Security
from streams.core.tally import Tally
from streams.hosts.files import Chunk, blocks, chunks
from streams.hosts.local import stamp_ms

FIRST_BYTES = 65_536  # looked through for a first time
PROBE = b'"probe"'  # the provider of a line, perhaps, which the quickest way does not read: within a text it has backslashes
AHEAD = 2  # chunks under way for each process
Pane = tuple[int, str, Tally]  # start in ms, app, what happened


class Folded(Struct, frozen=True):
    """What a chunk came to by itself; ``clock_ms`` is where lines behind it count that tell no time."""

    panes: list[Pane]
    lines: int
    clock_ms: int
    found: list[Security]
    firsts: Firsts  # of each instance the first line that is no request: it may belong to a trace of a chunk before
    opened: dict[tuple[str, str], Joins]  # traces that a chunk behind may go on with


class Reader:
    """Folds one chunk after another into the panes of ``state``."""

    def __init__(self, app: str, plan: Plan) -> None:
        """Name the app of lines that do not say theirs."""
        self.state = panes.Partition(0)
        self.assembler = lines.Assembler()
        self.clock_ms: int | None = None
        self.lines = 0
        self.found: list[Security] = []
        self._firsts: Firsts | None = None  # only asked for of chunks that are folded alone
        self._app = app
        self._plan = plan
        self._place = ""

    def chunk(self, chunk: Chunk) -> Iterator[None]:
        """Fold block by block."""
        fresh = True
        for number, block in enumerate(blocks(chunk)):
            self._place = f"{chunk.path.name}/{chunk.start}/{number}"
            if fresh:
                self.clock_ms = self._first_ms(block) or self.clock_ms or int(chunk.path.stat().st_mtime * 1000)
                fresh = False
            self._fold(block)
            yield

    def alone(self, chunk: Chunk) -> Folded | None:
        """Fold a chunk that leans on nothing before or behind it but for a stack trace; None when it does."""
        self._firsts = {}
        for number, block in enumerate(blocks(chunk)):
            self._place = f"{chunk.path.name}/{chunk.start}/{number}"
            if self.clock_ms is None and (first_ms := self._first_ms(block)) is not None:
                self.clock_ms = first_ms
            if self.clock_ms is None:
                return None
            self._fold(block)
            if any(joins.leaned for joins in self.state.joins.values()):
                return None
        if self.clock_ms is None or self.assembler.rest():
            return None
        panes = [(*key, tally) for key, tally in self.state.panes.items()]
        opened = {key: joins for key, joins in self.state.joins.items() if joins.trace}
        return Folded(panes, self.lines, self.clock_ms, self.found, self._firsts, opened)

    def goes_on(self, firsts: Firsts) -> bool:
        """Tell whether an open trace may go on in a chunk that begins so."""
        opened = self.state.joins
        return any(Opened.goes_on(opened[key], first, self._plan.external) for key, first in firsts.items() if key in opened)

    def end(self, firsts: Firsts) -> None:
        """Tell the open traces that these lines end."""
        opened = self.state.joins
        self.state.joins = {key: opened[key] for key in firsts.keys() & opened.keys()}
        panes.end_traces(self.state, self._plan, {}, None)
        self.state.joins = {key: joins for key, joins in opened.items() if joins.trace}

    def rest(self) -> None:
        """Fold what stands at the end as the beginning of a document, and end what is open."""
        if held := self.assembler.rest():
            self._lines(held)
        panes.end_traces(self.state, self._plan, {}, None)

    def _first_ms(self, block: bytes) -> int | None:
        """Return the first time that a line near the beginning tells."""
        for raw in block[:FIRST_BYTES].decode("utf-8", "replace").split("\n"):
            at_ms = stamp_ms(lines.unwrap(raw, self._app))
            if at_ms is not None:
                return at_ms
        return None

    def _fold(self, block: bytes) -> None:
        if block.startswith(b'{"') and PROBE not in block and batches.is_fly(block.partition(b"\n")[0]):
            content = batches.read(block, b"", len(block))
            if isinstance(content, batches.Lines) and not content.bad:
                folding = self._folding()
                folding.lines(content)
                self._finish(folding, len(content.good))
                return
        self._lines(self.assembler.stretch(block.decode("utf-8", "replace")))

    def _lines(self, raws: Sequence[str]) -> None:
        folding = self._folding()
        folding.raw(raws, self._app)
        self._finish(folding, len(raws))

    def _folding(self) -> Folding:
        folding = Folding(self.state.sources, self.state.joins, self.state.apps, self._plan, self.clock_ms or 0)
        folding.opened.firsts = self._firsts
        return folding

    def _finish(self, folding: Folding, count: int) -> None:
        folding.finish()
        panes.absorb(self.state, folding, self._plan)
        self.found += panes.numbered(folding.deltas.found, self._place)
        self.lines += count
        self.clock_ms = max((start for start, *_ in folding.counted), default=self.clock_ms)


def fold_alone(chunk: Chunk, app: str, plan: Plan) -> Folded | None:
    """Fold a chunk in a process of its own."""
    return Reader(app, plan).alone(chunk)


class FilePanes:
    """One file on its way into panes."""

    def __init__(self, path: Path, app: str, plan: Plan) -> None:
        """Name the app of lines that do not say theirs. UnreadableFile when there is no such file."""
        self.chunks = deque(chunks(path))
        self.bytes_total = path.stat().st_size
        self.tell: Callable[[], None] = lambda: None  # called when some more has been read
        self.show: Callable[[Security], None] = lambda _: None  # given what lines show to security, in their order
        self._app = app
        self._plan = plan
        self._reader = Reader(app, plan)

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return self._reader.lines

    @property
    def bytes_done(self) -> int:
        """Bytes of chunks that have been read; a packed file is one chunk."""
        return self.chunks[0].start if self.chunks else self.bytes_total

    def panes(self, pool: Executor | None = None, processes: int = 1) -> Iterator[Pane]:
        """Yield panes by time; a pane comes a second time only if the file goes back further than ``limits.panes`` panes."""
        if pool is not None and len(self.chunks) > 1:
            for _ in self._beside(pool, processes * AHEAD):
                self._told()
                yield from self._too_many()
        while self.chunks:
            for _ in self._reader.chunk(self.chunks[0]):
                self._told()
                yield from self._too_many()
            self.chunks.popleft()
        self._reader.rest()
        self._told()
        yield from self._oldest(len(self._reader.state.panes))

    def _told(self) -> None:
        """Say that some more has been read, and what it showed."""
        found, self._reader.found = self._reader.found, []
        for each in found:
            self.show(each)
        self.tell()

    def _beside(self, pool: Executor, ahead: int) -> Iterator[None]:
        """Merge chunks folded by others, in order, up to the first that leans on its neighbours."""
        waiting: deque[Future[Folded | None]] = deque()
        coming = iter(list(self.chunks))
        try:
            while self.chunks:
                while len(waiting) < ahead and (chunk := next(coming, None)) is not None:
                    waiting.append(pool.submit(fold_alone, chunk, self._app, self._plan))
                folded = waiting.popleft().result()
                if folded is None:
                    return
                if self._reader.goes_on(folded.firsts):
                    yield from self._reader.chunk(self.chunks[0])
                else:
                    self._merge(folded)
                self.chunks.popleft()
                yield
        finally:
            for future in waiting:
                future.cancel()

    def _merge(self, folded: Folded) -> None:
        self._reader.end(folded.firsts)
        self._reader.state.joins |= folded.opened
        held, limits = self._reader.state.panes, self._plan.limits
        for start, app, tally in folded.panes:
            pane = held.setdefault((start, app), tally)
            if pane is not tally:
                pane.merge(tally, limits.routes_per_pane, limits.evidence_lines, limits.suspects)
        self._reader.lines += folded.lines
        self._reader.clock_ms = folded.clock_ms
        self._reader.found += folded.found

    def _too_many(self) -> Iterator[Pane]:
        if len(self._reader.state.panes) > self._plan.limits.panes:
            yield from self._oldest(len(self._reader.state.panes) // 4)

    def _oldest(self, count: int) -> Iterator[Pane]:
        held = self._reader.state.panes
        for start, app in heapq.nsmallest(count, held):
            yield start, app, held.pop((start, app))
