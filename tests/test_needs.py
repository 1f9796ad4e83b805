"""What a metric needs of panes: without it there is no value, so that its rules need not be asked."""

from streams.core.board import Board
from streams.core.plan import Plan
from streams.core.records import Snapshot
from streams.core.rules import METRICS, QUERIES, Rule, Severity, Totals
from streams.core.sketch import Measured
from streams.core.tally import Tally
from streams.core.values import EventKind
from streams.core.windows import AppPanes

WINDOW_MS = 60_000
ONE_MS = Measured([0], 1_000_000, 1.0, 1.0)


def _full() -> Tally:
    """Return a pane with all that needs nothing: lines, requests, durations, every event that no metric needs."""
    pane = Tally()
    pane.lines = 100
    pane.status.update({"200": 90, "500": 10})
    pane.latency.add(ONE_MS)
    needed = {need for metric in METRICS.values() for need in metric.needs}
    pane.events.update({str(kind): 1 for kind in EventKind if kind not in needed})
    return pane


def test_without_what_it_needs_a_metric_has_no_value() -> None:
    """A pane full of all else leaves each metric with needs without data, and each other with some."""
    totals = Totals()
    totals.add(_full())
    for metric in METRICS.values():
        assert (metric.read(totals, WINDOW_MS) is None) == bool(metric.needs), metric.name


def test_a_rule_is_asked_once_its_metric_has_had_data() -> None:
    """Rules over gauges, queries and events are passed over until a pane had one of them."""
    board, rules = Board(), [Rule(name, Severity.INFO, name, WINDOW_MS, above=0) for name in METRICS]
    panes = board.panes["shop"] = AppPanes()
    panes.put(Snapshot("shop", 0, 0, 1, _full()))
    assert {rule.name for rule in board.answered(rules, "shop")} == {name for name, of in METRICS.items() if not of.needs}
    more = _full()
    more.queries.add(ONE_MS)
    panes.put(Snapshot("shop", 10_000, 0, 2, more))
    newly = {rule.name for rule in board.answered(rules, "shop") if METRICS[rule.name].needs}
    assert newly == {name for name, of in METRICS.items() if QUERIES in of.needs}
    assert board.rules("shop", Plan(rules=tuple(rules))) == (rules, WINDOW_MS)
