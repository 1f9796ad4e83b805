"""What goes wrong when: the story of the demonstration as curves over time. Knows no line, format or machine."""

from dataclasses import dataclass

MINUTES = 50
DEPLOY, ROLLBACK = 8.0, 28.5  # minutes; production, one machine after the other
DEPLOY_SECONDS = 24.0  # that a machine is away for
ASLEEP = (14.0, 33.0)  # Fly stops the second machine of the quietest app for so long
STRAYS = (3.4, 38.2, 44.7)  # minutes of a single failed request: far below every threshold


@dataclass(frozen=True, slots=True)
class Mood:
    """How an app does at a moment; shares are 0..1, a slow request takes about ``slow_ms``."""

    error_share: float = 0.0
    slow_share: float = 0.0
    slow_ms: float = 0.0
    slow_cap_ms: float = 30_000.0
    drag: float = 1.0  # how much longer all other requests take


def mood(app: str, minute: float) -> Mood:
    """Return how an app does at a minute of the recording."""
    if app == "hotdash-production":
        bad = _ramp(minute, DEPLOY + 0.5, DEPLOY + 2.5, ROLLBACK + 0.5, ROLLBACK + 2.0)
        return Mood(0.235 * bad, 0.36 * bad, 14_500.0, 30_000.0, 1.0 + 1.4 * bad)
    if app == "hotdash-chatwoot":
        bad = _ramp(minute, 15.0, 16.0, 21.0, 22.0)
        return Mood(slow_share=0.30 * bad, slow_ms=6_300.0, slow_cap_ms=8_800.0, drag=1.0 + 0.6 * bad)
    return Mood()


def _ramp(minute: float, start: float, full: float, falling: float, over: float) -> float:
    """Return 0 outside (start, over), 1 between full and falling, a straight line between."""
    return max(0.0, min(1.0, (minute - start) / (full - start), (over - minute) / (over - falling)))
