"""Rules as people write them (config/rules.toml) -> rules of the core, checked. Reads no file.

Each setting is checked by itself, against those above it, so that one mistake in a rule does not hide the next.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo

from streams.config_errors import ConfigError, explained, place
from streams.config_model import (
    Count,
    Name,
    Some,
    Table,
    Text,
    duration,
    duration_ms,
    duration_text,
    one_of,
    refused,
    shown,
    unknown,
)
from streams.core.rules import METRICS, Escalation, Rule, Severity

Level = Literal["full", "basic"]
LEVELS: tuple[Level, ...] = ("full", "basic")
DEFAULT = Rule("", Severity.INFO, "", 0)  # the core's defaults are the file's
# What core.evidence fills a summary in with.
SAMPLE = {"value": 0.5, "app": "an-app", "metric": "error_ratio", "threshold": 0.05}
HUGE = 1e15

# Rules look at whole panes, so their times are multiples of a pane: 10 s.
Span = Annotated[int, duration("10s", "24h", "10s")]
Wait = Annotated[int, duration("0s", "24h", "10s")]


def _threshold(value: object, info: ValidationInfo) -> float | None:
    """Read a bound in the unit of the rule's metric."""
    metric = METRICS.get(str(info.data.get("metric")))
    unit = metric.unit if metric else None
    if value is None:
        return None
    if isinstance(value, str) and unit in {"ms", None}:
        return float(duration_ms(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        or_so = ' or a duration such as "5s"' if unit == "ms" else ""
        raise refused(f"must be a number{or_so}, not {shown(value)}")
    if not -HUGE < value < HUGE:  # false of nan, too
        raise refused(f"must be a finite number, not {shown(value)}")
    if value < 0:
        raise refused(f"must not be negative, but is {shown(value)}")
    if unit == "ratio" and value > 1:
        meant = f"; did you mean {value / 100:g}?" if value <= 100 else ""
        raise refused(f"must be a ratio from 0 to 1 (0.05 is 5 %), not {shown(value)}{meant}")
    return float(value)


def _one_bound(below: float | None, info: ValidationInfo) -> float | None:
    if "above" in info.data and (info.data["above"] is None) == (below is None):
        raise refused(
            "is missing, and so is above: a rule needs one of them"
            if below is None
            else "stands beside above: a rule takes only one of them"
        )
    return below


def _widen(widen_ms: int, info: ValidationInfo) -> int:
    if widen_ms < info.data.get("window_ms", 0):
        window = duration_text(info.data["window_ms"])
        raise refused(f'must be at least as long as window ("{window}"), not "{duration_text(widen_ms)}"')
    return widen_ms


def _of_a_baseline(below: float | None, info: ValidationInfo) -> float | None:
    if (below is None) == bool(info.data.get("baseline_ms")):
        other = "baseline stands alone" if below is None else "baseline is missing"
        raise refused(f"{other}: a rise needs both, how far back to look and below what the value was")
    return below


def _summary(template: str) -> str:
    """Try a summary out on a sample, as it would be read in an alert."""
    wrong: list[str] = []
    try:
        wrong = [field for _, field, _, _ in Formatter().parse(template) if field is not None and field not in SAMPLE]
        if not wrong:
            template.format(**SAMPLE)
    except (ValueError, KeyError, IndexError) as why:
        raise refused(f"cannot be filled in: {why}") from None
    if wrong:
        known = ", ".join(f"{{{name}}}" for name in SAMPLE)
        raise refused(f"unknown placeholder {{{wrong[0]}}}; known: {known}")
    return template


def _ascending(steps: tuple["EscalationTable", ...]) -> tuple["EscalationTable", ...]:
    times = [step.after_ms for step in steps]
    if times != sorted(set(times)):
        raise refused("the steps must come in order of after, each later than the one before")
    return steps


def _known_app(app: str, info: ValidationInfo) -> str:
    apps: Collection[str] | None = info.context
    if apps is not None and app not in apps:
        raise refused(unknown("app", app, apps))
    return app


def _not_both(apps: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if info.data.get("monitoring"):
        raise refused("stands beside monitoring: a rule takes only one of them")
    return apps


KnownApp = Annotated[str, AfterValidator(_known_app)]


class EscalationTable(Table):
    """Whom to tell once the alert has been firing for so long."""

    after_ms: Annotated[int, duration("10s", "7d", "10s")] = Field(alias="after")
    to: Some[Text]


class RuleTable(Table):
    """One ``[[rule]]``. The order matters: a setting may look at those above it."""

    name: Name
    severity: Severity
    monitoring: Some[Level] = ()
    apps: Annotated[Some[KnownApp], AfterValidator(_not_both)] = ()
    metric: Annotated[str, one_of("metric", METRICS)]
    window_ms: Span = Field(alias="window")
    above: Annotated[float | None, BeforeValidator(_threshold)] = None
    below: Annotated[float | None, BeforeValidator(_threshold), AfterValidator(_one_bound)] = Field(
        default=None, validate_default=True
    )
    min_requests: Count = DEFAULT.min_requests
    widen_ms: Annotated[Span, AfterValidator(_widen)] = Field(default=DEFAULT.widen_ms, alias="widen")
    baseline_ms: Span = Field(default=DEFAULT.baseline_ms, alias="baseline")
    baseline_below: Annotated[float | None, BeforeValidator(_threshold), AfterValidator(_of_a_baseline)] = Field(
        default=None, validate_default=True
    )
    for_ms: Wait = Field(default=DEFAULT.for_ms, alias="for")
    keep_firing_ms: Wait = Field(default=DEFAULT.keep_firing_ms, alias="keep_firing")
    no_data_after_ms: Span = Field(default=DEFAULT.no_data_after_ms, alias="no_data_after")
    summary: Annotated[Text, AfterValidator(_summary)] = DEFAULT.summary
    actions: tuple[Text, ...] = ()
    escalate: Annotated[tuple[EscalationTable, ...], AfterValidator(_ascending)] = ()
    publish_pending: Annotated[bool, Field(strict=True)] = DEFAULT.publish_pending

    def rule(self) -> Rule:
        """Return the rule as the core knows it; of neither apps nor levels, all levels: ignored apps are of none."""
        steps = tuple(Escalation(step.after_ms, step.to) for step in self.escalate)
        monitoring = self.monitoring or (() if self.apps else LEVELS)
        return Rule(**dict(self) | {"escalate": steps, "monitoring": monitoring})


class RulesFile(Table):
    """config/rules.toml as a whole."""

    rule: tuple[RuleTable, ...] = ()


def rules(data: Mapping[str, Any], file: Path, apps: Collection[str] | None) -> tuple[Rule, ...]:
    """Return the rules of a file's content, or raise with all its errors; ``apps`` None: which there are is unknown."""
    problems = list(_repeated(data, file))
    try:
        found = RulesFile.model_validate(data, context=apps)
    except ValidationError as error:
        raise ConfigError([*explained(error, RulesFile, data, file), *problems]) from None
    if problems:
        raise ConfigError(problems)
    return tuple(table.rule() for table in found.rule)


def _repeated(data: Mapping[str, Any], file: Path) -> Iterator[str]:
    """Complain about names that were given before: state and alerts are kept by a rule's name."""
    listed = data.get("rule")
    first: dict[str, int] = {}
    for number, table in enumerate(listed if isinstance(listed, list) else [], 1):
        name = table.get("name") if isinstance(table, dict) else None
        if isinstance(name, str) and first.setdefault(name, number) != number:
            said = f"rules {first[name]} and {number} share it; give each its own"
            yield f"{place(file)}: rule {shown(name)}: name: {said}"
