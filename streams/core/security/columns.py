"""Looks at columns of requests: cheap looks at whole columns first, rules only at rows that may be something. Knows no file.

A column of clean requests costs one search over all its targets joined (1 ns a character), and sets of its agents, statuses
and methods. Only a row in which one of these found something is decoded and shown to the rules.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import compress, count

from streams.core.masking import mask
from streams.core.security.catalogue import NO_METHOD, Catalogue, Engine, RequestRule
from streams.core.security.decoding import ODD, decoded, disguised, plain, undisguised
from streams.core.security.gated import Gated
from streams.core.security.known_good import KnownGood
from streams.core.security.parameters import Parameters
from streams.core.security.secrets import Secrets
from streams.core.security.values import Finding, Seen, Suspect

REMEMBERED = 10_000  # agents; with more the memory is emptied
MANY = 64  # rows of a column: in so many, a client with a single refusal fills no bucket of different values
_AGENT_CHARS = 1_000
_KEPT_CHARS = 200  # of a value that is counted as different
_UNSAID = frozenset((None, "", "-"))
Texts = Sequence[str | None]


class Columns:
    """The rules of requests, ready to be asked."""

    __slots__ = (
        "_agents", "_bad", "_crowded", "_distinct", "_first", "_first_refused", "_good", "_is_left_alone", "_methods",
        "_parameters", "_refused", "_secrets", "_sets", "_severe", "_statuses", "_unless",
    )  # fmt: skip

    def __init__(self, catalogue: Catalogue, engine: Engine, good: KnownGood, secrets: Secrets) -> None:
        """Make the searches: first looks at targets, the rules of each place."""
        rules = list(enumerate(catalogue.requests))
        self._good, self._secrets = good, secrets
        spoken = [rule for _, rule in rules if rule.at != "agent" and rule.words]
        words = tuple(word for rule in spoken if not _of_refused(rule) for word in rule.words)
        leaks = tuple(word for rule in catalogue.secrets for word in rule.words)
        self._first = engine.lines("|".join(part for part in (disguised(words), plain(leaks), ODD) if part))
        self._sets = {place: _set(place, rules, engine) for place in ("target", "path", "agent")}
        self._distinct = {bucket.name for bucket in catalogue.buckets if bucket.distinct}
        alone = [(number, rule) for number, rule in rules if not rule.words and not rule.match]
        self._statuses = {
            status: [each for each in alone if status in each[1].statuses] for _, rule in alone for status in rule.statuses
        }
        self._methods = {
            method: [each for each in alone if method in each[1].methods and not each[1].statuses]
            for _, rule in alone
            if not rule.statuses
            for method in rule.methods
        }
        refusals = [rule for rule in spoken if _of_refused(rule)]
        told = [rf"^(?:{'|'.join(rule.statuses)}) [^\n]*(?:{disguised(rule.words)})" for rule in refusals]
        self._first_refused = engine.lines(f"(?m:{'|'.join(told)})" if told else "$.")  # in texts of a status and a target
        self._refused = frozenset(self._statuses).union(*(rule.statuses for rule in refusals))
        self._severe = frozenset(status for status, told in self._statuses.items() if any(rule.severity for _, rule in told))
        self._crowded = frozenset(
            status
            for status in self._refused
            if all(self._distinct.issuperset(rule.feeds) for _, rule in self._statuses.get(status, ()))
        )
        self._is_left_alone = lru_cache(REMEMBERED)(self._left_alone)
        self._unless = {number: engine.several(rule.unless) for number, rule in rules if rule.unless}
        self._parameters = {number: Parameters(rule, engine) for number, rule in rules if rule.spared or rule.typed}
        self._agents: set[str | None] = set()
        self._bad: dict[str | None, list[tuple[int, RequestRule]]] = {}

    def seen(self, client_ips: Texts, methods: Texts, targets: Texts, statuses: Texts, agents: Texts) -> Seen:
        """Return findings and suspects of columns of equal length."""
        named = set(agents)
        if not named <= self._agents:
            self._meet(named)
        told = set(_rows(targets, self._first))
        rows: set[int] = set()
        if not named.isdisjoint(self._bad):
            rows.update(compress(count(), map(self._bad.__contains__, agents)))
        if not self._methods.keys().isdisjoint(set(methods)):
            rows.update(compress(count(), map(self._methods.__contains__, methods)))
        refused: list[int] = []
        if not self._refused.isdisjoint(answered := set(statuses)):
            refused = list(compress(count(), map(self._refused.__contains__, statuses)))
            if not self._severe.isdisjoint(answered):
                rows.update(i for i in refused if statuses[i] in self._severe)
            told.update(refused[n] for n in _rows([f"{statuses[i]} {targets[i]}" for i in refused], self._first_refused))
        seen, asked = Seen([], []), rows | told
        for i in sorted(asked):
            row = _Row(client_ips[i], methods[i], targets[i] or "", statuses[i], agents[i])
            self._look(i, row, seen, told=i in told)
        for i in self._of_clients(refused, client_ips, statuses):
            if i not in asked:
                self._refusal(i, _Row(client_ips[i], methods[i], targets[i] or "", statuses[i], agents[i]), seen)
        return seen

    def _of_clients(self, refused: list[int], client_ips: Texts, statuses: Texts) -> list[int]:
        """Return the refused rows whose clients may fill buckets."""
        known = [i for i in refused if client_ips[i] not in _UNSAID]
        if len(client_ips) < MANY:
            return known
        often, crowded = Counter([client_ips[i] for i in known]), self._crowded
        return [i for i in known if often[client_ips[i]] > 1 or statuses[i] not in crowded]

    def _refusal(self, i: int, row: "_Row", seen: Seen) -> None:
        """Let a row fill buckets for its status alone: most rows that are not clean."""
        rules = self._statuses.get(row.status or "", ())
        if not rules or self._good.address(row.client_ip) or not self._fills(row):
            return
        path = row.target[:_AGENT_CHARS].partition("?")[0]
        for number, rule in rules:
            if (
                _asks(rule, row)
                and not (number in self._unless and self._is_left_alone(number, path))
                and not self._allowed(path)
            ):
                seen.suspects += [(i, self._suspect(bucket, row)) for bucket in rule.feeds]

    def _fills(self, row: "_Row") -> bool:
        """Tell whether a client fills buckets: one that is known, alone behind its address, and no search bot."""
        client_ip = row.client_ip
        return not self._good.proxy(client_ip) and client_ip not in _UNSAID and not self._good.agent(row.agent)

    def _left_alone(self, number: int, path: str) -> bool:
        return bool(self._unless[number](path.encode("utf-8", "replace")))

    def _allowed(self, path: str) -> bool:
        return self._good.has_paths and self._good.path(path.encode("utf-8", "replace"))

    def _meet(self, named: set[str | None]) -> None:
        """Ask the rules about the agents of a column that are new."""
        if len(self._agents) > REMEMBERED:
            self._agents.clear()
            self._bad.clear()
        several = self._sets["agent"]
        for agent in named - self._agents:
            if agent and (found := several(agent[:_AGENT_CHARS].encode("utf-8", "replace"))) and not self._good.agent(agent):
                self._bad[agent] = found
        self._agents |= named

    def _look(self, i: int, row: "_Row", seen: Seen, *, told: bool) -> None:
        """Ask all rules about one row; of the rules of targets and of agents the first that is a finding is told."""
        if self._good.address(row.client_ip):
            return
        rules = [*self._statuses.get(row.status or "", ()), *self._methods.get(row.method or "", ())]
        path = (decoded(row.target) if told else row.target[:_AGENT_CHARS].encode("utf-8", "replace")).partition(b"?")
        if told:
            rules += self._sets["target"](b"".join(path)) + self._sets["path"](path[0])
        rules += self._bad.get(row.agent, [])
        if self._good.path(path[0]):
            return
        first: dict[bool, Finding] = {}
        fills = self._fills(row)
        for number, rule in sorted(rules, key=lambda each: each[0]):
            if not _asks(rule, row) or (number in self._unless and self._unless[number](path[0])):
                continue
            feeds = rule.feeds if fills else ()
            if rule.severity is None:
                seen.suspects += [(i, self._suspect(bucket, row)) for bucket in feeds]
            elif (by_agent := rule.at == "agent") not in first and (severity := self._severity(number, rule, row, path)):
                first[by_agent] = Finding(rule.name, severity, row.client, _evidence(row, agent=by_agent), feeds)
        seen.findings += [(i, first[by_agent]) for by_agent in sorted(first)]
        if told and (leak := self._secrets.finding(row.target, row.client, partial(_evidence, row, agent=False))):
            seen.findings.append((i, leak))

    def _severity(self, number: int, rule: RequestRule, row: "_Row", path: tuple[bytes, bytes, bytes]) -> str | None:
        """Return how severe it is what a rule found, None if it stands where the rule minds nothing."""
        severity = rule.served if rule.served and (row.status or "").startswith("2") else rule.severity
        of = self._parameters.get(number)
        return of.severity(path[0], path[2], severity) if of and severity else severity

    def _suspect(self, bucket: str, row: "_Row") -> Suspect:
        value = row.target.split("?", 1)[0][:_KEPT_CHARS] if bucket in self._distinct else ""
        return Suspect(bucket, row.client_ip or "", value)


class _Row:
    __slots__ = ("agent", "client", "client_ip", "method", "status", "target")

    def __init__(self, client_ip: str | None, method: str | None, target: str, status: str | None, agent: str | None) -> None:
        self.client_ip, self.method, self.target, self.status, self.agent = client_ip, method, target, status, agent
        self.client = None if client_ip in _UNSAID else client_ip


def _of_refused(rule: RequestRule) -> bool:
    """Tell whether a rule sees refused requests alone: there are few, so its words are not looked for in others."""
    return bool(rule.statuses) and all(status >= "4" for status in rule.statuses)


def _asks(rule: RequestRule, row: _Row) -> bool:
    """Tell whether a rule has to do with requests of this method and status."""
    method = NO_METHOD if row.method in _UNSAID else row.method
    return (not rule.methods or method in rule.methods) and (not rule.statuses or row.status in rule.statuses)


def _evidence(row: _Row, *, agent: bool) -> str:
    said = f"{row.method or '-'} {row.target or '-'} {row.status or '-'}"
    return mask(f'{said[:_KEPT_CHARS]} "{row.agent}"' if agent else said)


def _rows(targets: Texts, search: Callable[[bytes], list[int]]) -> list[int]:
    """Return the rows of a column in which a search finds something: it looks at all of them as one text."""
    try:
        joined = "\n".join(targets).encode()  # type: ignore[arg-type]  # None in it is an error that is seldom
    except (TypeError, UnicodeEncodeError):
        joined = "\n".join([target or "" for target in targets]).encode("utf-8", "replace")
    found = search(joined)
    if found and joined.count(b"\n") >= len(targets):  # a target with an end of line in it: one by one
        return [i for i, target in enumerate(targets) if search((target or "").encode("utf-8", "replace"))]
    return found


def _set(place: str, rules: list[tuple[int, RequestRule]], engine: Engine) -> Callable[[bytes], list[tuple[int, RequestRule]]]:
    """Return a search for the rules of a place."""
    mine = [each for each in rules if each[1].at == place and (each[1].words or each[1].match)]
    words = [undisguised(rule.words) for _, rule in mine]
    gated = Gated([(word, rule.match or (word,)) for (_, rule), word in zip(mine, words, strict=True)], engine)
    return lambda text: [mine[number] for number, _ in gated(text)]
