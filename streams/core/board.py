"""What stage 2 remembers of one partition of ``fly.panes``: its state, key by key. Decides nothing."""

from typing import Any

import msgspec

from streams.core.alerts import Watch
from streams.core.plan import Plan
from streams.core.records import Snapshot
from streams.core.rules import METRICS, Rule, Totals
from streams.core.security.buckets import Level
from streams.core.security.levels import Buckets
from streams.core.tally import Tally
from streams.core.windows import AppPanes, Trailing


class Board:
    """What stage 2 remembers of one partition of ``fly.panes``.

    Keys of the state: ``progress`` -> clocks, ``pane/<start>/<app>`` -> what each source said, ``minute/<start>/<app>``
    -> [revision, whether it is stale], ``watch/<rule>/<app>`` -> a watch that is not idle, ``bucket/<name>/<app>/<client>``
    -> how full it is.
    """

    __slots__ = (
        "_asked", "_trailing", "buckets", "clocks", "closed_ms", "heard_ms", "minutes", "panes", "silence", "watches",
    )  # fmt: skip

    def __init__(self) -> None:
        """Make the empty state."""
        self.clocks: dict[int, int] = {}  # source -> how far it has been read
        self.silence: dict[int, int] = {}  # source -> ms for which only others were heard
        self.heard_ms: int | None = None  # when any source was heard last
        self.closed_ms: int | None = None  # every pane that ended at or before this was judged
        self.panes: dict[str, AppPanes] = {}
        self.minutes: dict[tuple[int, str], tuple[int, bool]] = {}
        self.watches: dict[tuple[str, str], Watch] = {}
        self.buckets = Buckets()
        self._trailing: dict[tuple[str, int, int], Trailing] = {}
        # What a plan asks for: changes no result.
        self._asked: tuple[Plan | None, int, dict[str, tuple[list[Rule], int]]] = (None, 0, {})

    def rules(self, app: str, plan: Plan) -> tuple[list[Rule], int]:
        """Return the rules that stand for an app, and how far back they may look."""
        self.span_ms(plan)
        known = self._asked[2]
        if app not in known:
            rules = [rule for rule in plan.rules if rule.watches(app, plan.app(app).monitoring)]
            known[app] = rules, max((rule.span_ms for rule in rules), default=0)
        return known[app]

    def answered(self, rules: list[Rule], app: str) -> list[Rule]:
        """Return those of some rules that may have a value, or a watch: most ask for what most apps have nothing of."""
        measured, watches = self.panes[app].measured, self.watches
        needs = ((rule, METRICS[rule.metric].needs) for rule in rules)
        return [rule for rule, of in needs if not of or not measured.isdisjoint(of) or (rule.name, app) in watches]

    def span_ms(self, plan: Plan) -> int:
        """Return how far back any rule may look."""
        if self._asked[0] is not plan:
            self._asked = (plan, max((rule.span_ms for rule in plan.rules), default=0), {})
        return self._asked[1]

    def restore(self, key: str, value: Any) -> None:
        """Put back one key of the state as ``Step.writes`` gave it, after ``plain`` and JSON."""
        kind, _, rest = key.partition("/")
        first, _, app = rest.partition("/")
        match kind:
            case "progress":
                self.heard_ms, self.closed_ms = value["heard"], value["closed"]
                self.clocks = {int(source): clock for source, clock in value["clocks"].items()}
                self.silence = {int(source): ms for source, ms in value["silence"].items()}
            case "pane":
                panes = self.panes.setdefault(app, AppPanes())
                for source, (offset, tally) in value.items():
                    panes.put(Snapshot(app, int(first), int(source), offset, Tally.load(tally)))
            case "minute":
                self.minutes[int(first), app] = (value[0], value[1])
            case "bucket":
                self.buckets.restore(rest, value)
            case _:
                self.watches[first, app] = msgspec.convert(value, Watch)

    def totals(self, app: str, width_ms: int, end_ms: int, plan: Plan, lag_ms: int = 0) -> Totals:
        """Return the totals of an app's trailing window that ends ``lag_ms`` before a pane's end."""
        trailing = self._trailing.get((app, width_ms, lag_ms))
        if trailing is None:
            trailing = self._trailing[app, width_ms, lag_ms] = Trailing(width_ms)
        return trailing.move(end_ms - lag_ms, self.panes[app], plan)


def plain(value: Any) -> Any:
    """Return a value of the state as plain JSON values."""
    if isinstance(value, Board):
        progress = {"heard": value.heard_ms, "closed": value.closed_ms}
        return progress | {"clocks": dict(value.clocks), "silence": dict(value.silence)}
    if isinstance(value, Watch | Level):
        return msgspec.to_builtins(value)
    if isinstance(value, dict) and value and isinstance(next(iter(value.values())), tuple):
        return {str(source): [offset, tally.dump()] for source, (offset, tally) in value.items()}
    return value
