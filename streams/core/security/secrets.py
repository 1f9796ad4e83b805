"""Finds secrets that leaked into a text, and never shows them. Knows no request and no catalogue file."""

from streams.core.masking import mask
from streams.core.security.catalogue import Engine, SecretRule
from streams.core.security.values import Finding

_HIDDEN = "***"


class Secrets:
    """The rules of secrets, ready to be asked."""

    __slots__ = ("_places", "_rules", "_several")

    def __init__(self, rules: tuple[SecretRule, ...], engine: Engine) -> None:
        """Make the searches."""
        rows = [(rule, pattern) for rule in rules for pattern in rule.match]
        self._several = engine.several([f"(?-i:{pattern})" for _, pattern in rows]) if rows else None
        self._rules = [rule for rule, _ in rows]
        self._places = [engine.group(f"(?-i:{pattern})", "secret") for _, pattern in rows]

    def finding(self, text: str, client_ip: str | None, evidence: str) -> Finding | None:
        """Return what the first rule finds in a text; in the evidence, all that it found is hidden."""
        raw = text.encode("utf-8", "replace")
        numbers = self._several(raw) if self._several else ()
        if not numbers:
            return None
        number = min(numbers)
        for each in numbers:
            place = self._places[each](raw)
            if place and place[0] >= 0:
                evidence = evidence.replace(raw[slice(*place)].decode("utf-8", "replace"), _HIDDEN)
        rule = self._rules[number]
        return Finding(rule.name, rule.severity, client_ip, mask(evidence))
