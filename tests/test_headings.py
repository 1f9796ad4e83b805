"""Names of columns that an instance told hold for the lines behind them, however these are cut into records and restarts."""

from typing import Any

from streams import codec
from streams.core import panes, reading
from streams.core.joins import Joins
from streams.core.plan import Plan
from streams.core.records import Record
from streams.core.stamps import ms
from streams.core.values import Line, Request
from tests.scenario import encoded

PLAN = Plan()
AT_MS = ms("2025-10-10T18:00:09Z") or 0
TEXTS = (
    "203.0.113.9 /early 200 0.010",
    "#Fields: c-ip cs-uri-stem sc-status time-taken",
    "203.0.113.9 /a 200 0.010",
    "GET /between 200 in 12ms",
    "203.0.113.9 /b 503 0.020",
    "#Fields: sc-status cs-method cs-uri",
    "203.0.113.9 /late 200 0.010",
    "404 GET http://shop.example/c?x=1",
)
LINES = [Line(text, "2025-10-10T18:00:01Z", "web", "m1") for text in TEXTS]


def test_single_lines() -> None:
    """Lines that fit the names told last are requests; those of the names before, or of none, are not."""
    joins = Joins()
    found = [reading.parse(line, joins) for line in LINES]
    assert [each.target for each in found if isinstance(each, Request)] == ["/a", "/between", "/b", "/c?x=1"]


def folded(cut: int) -> tuple[int, int, dict[str, int]]:
    """Return requests, failures and what was skipped, of all lines, so many in a record, with a restart behind each."""
    part = panes.Partition(0)
    for start in range(0, len(LINES), cut):
        panes.step(part, Record(2 * start, AT_MS, encoded(LINES[start : start + cut], "batch")), PLAN)
        panes.step(part, Record(2 * start + 1, AT_MS, codec.TICK), PLAN)
        again = panes.Partition(0, part.clock_ms)
        held: dict[str, Any] = {f"pane/{at_ms}/{app}": tally for (at_ms, app), tally in part.panes.items()}
        held |= {f"join/{app}/{instance}": joins for (app, instance), joins in part.joins.items()}
        for key, value in held.items():
            again.restore(key, codec.decode_state(codec.encode_state(0, panes.plain(value)))[1])
        part = again
    (tally,) = part.panes.values()
    return tally.requests, sum(tally.status.values()), {str(reason): n for reason, n in tally.skipped.items() if n}


def test_the_cut_and_restarts_do_not_matter() -> None:
    """One record, a record a line, and anything between give the same pane."""
    assert folded(len(LINES)) == (4, 4, {"unrecognised": 2, "part": 2})
    assert all(folded(cut) == folded(len(LINES)) for cut in (1, 2, 3, 5))
