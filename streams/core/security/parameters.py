"""Parameters of a query that a rule sees otherwise than the rest of a target. Knows no single rule.

A rule may spare some, such as those that tell where a browser is to return to, and hold others for what people type, as into
a search: what is found in these alone is less severe. It is asked once more without them, so that no such parameter hides
what stands beside it.
"""

from collections.abc import Callable, Sequence

from streams.core.security.catalogue import Engine, RequestRule
from streams.core.security.decoding import undisguised

Search = Callable[[bytes], Sequence[int] | None]
MOST_SEVERE, MILDER = "critical", "warning"


class Parameters:
    """The parameters of one rule. Searches are made when they are first asked: most rules never are."""

    __slots__ = ("_engine", "_made", "_rule")

    def __init__(self, rule: RequestRule, engine: Engine) -> None:
        """Keep the rule, and what makes searches."""
        self._rule, self._engine = rule, engine
        self._made: tuple[Search, Search, Search] | None = None

    def severity(self, path: bytes, query: bytes, severity: str) -> str | None:
        """Return how severe it is what the rule found in a decoded target, None if it is in spared parameters alone."""
        found, spared, typed = self._made or self._searches()
        given = query.split(b"&")
        kept = [each for each in given if not spared(each)]
        if len(kept) < len(given) and not found(_joined(path, kept)):
            return None
        if severity != MOST_SEVERE:
            return severity
        rest = [each for each in kept if not typed(each)]
        return severity if len(rest) == len(kept) or found(_joined(path, rest)) else MILDER

    def _searches(self) -> tuple[Search, Search, Search]:
        rule, several = self._rule, self._engine.several
        patterns = (rule.match or (undisguised(rule.words),), rule.spared, rule.typed)
        found, spared, typed = (several(each) if each else _nothing for each in patterns)
        self._made = found, spared, typed
        return self._made


def _nothing(_: bytes) -> None:
    return None


def _joined(path: bytes, parameters: list[bytes]) -> bytes:
    return path + b"?" + b"&".join(parameters) if parameters else path
