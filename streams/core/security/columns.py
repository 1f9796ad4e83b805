"""Looks at columns of requests: cheap looks at whole columns first, rules only at rows that may be something. Knows no file.

A column of clean requests costs one search over all its targets joined (1 ns a character), and sets of its agents, statuses
and methods. Only a row in which one of these found something is decoded and shown to the rules.
"""

from collections.abc import Callable, Sequence

from streams.core.masking import mask
from streams.core.security.catalogue import NO_METHOD, Catalogue, Engine, RequestRule
from streams.core.security.decoding import ODD, decoded, disguised, plain
from streams.core.security.known_good import KnownGood
from streams.core.security.secrets import Secrets
from streams.core.security.values import Finding, Seen, Suspect

REMEMBERED = 10_000  # agents; with more the memory is emptied
_AGENT_CHARS = 1_000
_KEPT_CHARS = 200  # of a value that is counted as different
_UNSAID = frozenset((None, "", "-"))
Texts = Sequence[str | None]


class Columns:
    """The rules of requests, ready to be asked."""

    __slots__ = (
        "_agents", "_bad", "_distinct", "_first", "_good", "_methods", "_only", "_secrets", "_sets", "_statuses", "_unless",
    )  # fmt: skip

    def __init__(self, catalogue: Catalogue, engine: Engine, good: KnownGood, secrets: Secrets) -> None:
        """Make the searches: a first look at targets, all patterns of each place in one pass."""
        rules = list(enumerate(catalogue.requests))
        self._good, self._secrets = good, secrets
        words = tuple(word for _, rule in rules if rule.at != "agent" for word in rule.words)
        leaks = tuple(word for rule in catalogue.secrets for word in rule.words)
        self._first = engine.first("|".join(part for part in (disguised(words), plain(leaks), ODD) if part))
        self._sets = {place: _set(place, rules, engine) for place in ("target", "path", "agent")}
        self._only = [
            (number, rule) for number, rule in rules if not rule.words and not rule.match
        ]  # told apart by status or method alone
        self._statuses = frozenset(status for _, rule in self._only for status in rule.statuses)
        self._methods = frozenset(method for _, rule in self._only if not rule.statuses for method in rule.methods)
        self._unless = {number: engine.several(rule.unless) for number, rule in rules if rule.unless}
        self._distinct = {bucket.name for bucket in catalogue.buckets if bucket.distinct}
        self._agents: set[str | None] = set()
        self._bad: dict[str | None, list[tuple[int, RequestRule]]] = {}

    def seen(self, client_ips: Texts, methods: Texts, targets: Texts, statuses: Texts, agents: Texts) -> Seen:
        """Return findings and suspects of columns of equal length."""
        named = set(agents)
        if unknown := named - self._agents:
            self._meet(unknown)
        told: set[int] = set()
        if self._first(_joined(targets)):
            told.update(self._narrowed(targets, 0, len(targets)))
        rows = set(told)
        if not named.isdisjoint(self._bad):
            rows.update(i for i, agent in enumerate(agents) if agent in self._bad)
        if not self._statuses.isdisjoint(statuses):
            rows.update(i for i, status in enumerate(statuses) if status in self._statuses)
        if not self._methods.isdisjoint(methods):
            rows.update(i for i, method in enumerate(methods) if method in self._methods)
        seen = Seen([], [])
        for i in sorted(rows):
            row = _Row(client_ips[i], methods[i], targets[i] or "", statuses[i], agents[i])
            self._look(i, row, seen, told=i in told)
        return seen

    def _meet(self, unknown: set[str | None]) -> None:
        """Ask the rules about agents that are new."""
        if len(self._agents) > REMEMBERED:
            self._agents.clear()
            self._bad.clear()
        several = self._sets["agent"]
        for agent in unknown:
            if agent and (found := several(agent[:_AGENT_CHARS].encode("utf-8", "replace"))) and not self._good.agent(agent):
                self._bad[agent] = found
        self._agents |= unknown

    def _narrowed(self, targets: Texts, start: int, end: int) -> list[int]:
        """Return the rows between two in which the first look finds something: something is there."""
        if end - start == 1:
            return [start]
        middle = (start + end) // 2
        left = self._first(_joined(targets[start:middle]))
        found = self._narrowed(targets, start, middle) if left else []
        if not left or self._first(_joined(targets[middle:end])):
            found += self._narrowed(targets, middle, end)
        return found

    def _look(self, i: int, row: "_Row", seen: Seen, *, told: bool) -> None:
        """Ask all rules about one row; of the rules of targets and of agents the first that is a finding is told."""
        if self._good.address(row.client_ip):
            return
        rules = list(self._only)
        path = (decoded(row.target) if told else row.target[:_AGENT_CHARS].encode("utf-8", "replace")).partition(b"?")
        if told:
            rules += self._sets["target"](b"".join(path)) + self._sets["path"](path[0])
        rules += self._bad.get(row.agent, [])
        if self._good.path(path[0]):
            return
        first: dict[bool, Finding] = {}
        fills = not self._good.proxy(row.client_ip) and row.client_ip not in _UNSAID and not self._good.agent(row.agent)
        for number, rule in sorted(rules, key=lambda each: each[0]):
            if not _asks(rule, row) or (number in self._unless and self._unless[number](path[0])):
                continue
            feeds = rule.feeds if fills else ()
            if rule.severity is None:
                seen.suspects += [self._suspect(bucket, row) for bucket in feeds]
            elif (by_agent := rule.at == "agent") not in first:
                severity = rule.served if rule.served and (row.status or "").startswith("2") else rule.severity
                first[by_agent] = Finding(rule.name, severity, row.client, _evidence(row, agent=by_agent), feeds)
        seen.findings += [(i, first[by_agent]) for by_agent in sorted(first)]
        if told and (leak := self._secrets.finding(row.target, row.client, _evidence(row, agent=False))):
            seen.findings.append((i, leak))

    def _suspect(self, bucket: str, row: "_Row") -> Suspect:
        value = row.target.split("?", 1)[0][:_KEPT_CHARS] if bucket in self._distinct else ""
        return Suspect(bucket, row.client_ip or "", value)


class _Row:
    __slots__ = ("agent", "client", "client_ip", "method", "status", "target")

    def __init__(self, client_ip: str | None, method: str | None, target: str, status: str | None, agent: str | None) -> None:
        self.client_ip, self.method, self.target, self.status, self.agent = client_ip, method, target, status, agent
        self.client = None if client_ip in _UNSAID else client_ip


def _asks(rule: RequestRule, row: _Row) -> bool:
    """Tell whether a rule has to do with requests of this method and status."""
    method = NO_METHOD if row.method in _UNSAID else row.method
    return (not rule.methods or method in rule.methods) and (not rule.statuses or row.status in rule.statuses)


def _evidence(row: _Row, *, agent: bool) -> str:
    said = f"{row.method or '-'} {row.target or '-'} {row.status or '-'}"
    return mask(f'{said[:_KEPT_CHARS]} "{row.agent}"' if agent else said)


def _joined(targets: Texts) -> bytes:
    """Return a column as one text."""
    try:
        return "\n".join(targets).encode()  # type: ignore[arg-type]  # None in it is an error that is seldom
    except (TypeError, UnicodeEncodeError):
        return "\n".join([target or "" for target in targets]).encode("utf-8", "replace")


def _set(place: str, rules: list[tuple[int, RequestRule]], engine: Engine) -> Callable[[bytes], list[tuple[int, RequestRule]]]:
    """Return a search for all patterns of a place that gives the rules, each once."""
    rows = [each for each in rules if each[1].at == place and (each[1].words or each[1].match)]
    owners = [each for each in rows for _ in each[1].match or (plain(each[1].words),)]
    patterns = [pattern for _, rule in rows for pattern in rule.match or (plain(rule.words),)]
    several = engine.several(patterns) if patterns else None

    def search(text: bytes) -> list[tuple[int, RequestRule]]:
        found = several(text) if several else ()
        return list({owners[number][0]: owners[number] for number in found}.values())

    return search
