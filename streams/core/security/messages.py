"""Looks at messages that are no requests: failed logins, leaked secrets. Knows no request and no catalogue file."""

from streams.core import regex
from streams.core.masking import mask
from streams.core.security.catalogue import Catalogue, Engine
from streams.core.security.decoding import exact, plain
from streams.core.security.gated import Gated
from streams.core.security.secrets import Secrets
from streams.core.security.values import Finding

READ_CHARS = 2_000  # a refusal is told at the beginning of its line
_STAMP = (
    r"(?:[A-Z][a-z]{2} [ 0-3]?[0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)"
)
_TAG = r"[A-Za-z_][A-Za-z0-9_./@-]{0,47}(?:\([^ )]{1,40}\))?"
_DATA = r"(?:-|(?:\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*+\")*+\])++)"  # structured data of RFC 5424
_NOBODY = frozenset(("", "localhost"))  # no address: the machine itself, which no bucket needs to tell apart
# Of what syslog puts before a message that which is still there. A word with a colon is a program's name only behind a stamp or
# with a number: "error: " begins many messages.
_HEAD = regex.compiled(
    rf"(?:<[0-9]{{1,3}}>1 {_STAMP}(?: [^ ]{{1,255}}){{4}} {_DATA} ?"
    rf"|(?:<[0-9]{{1,3}}>)?{_STAMP} (?:[^ \[\]:]{{1,255}} )??(?:{_TAG}(?:\[[0-9]{{1,10}}\])?:|\[[a-z-]{{1,40}}\]:?) ++"
    rf"|{_TAG}\[[0-9]{{1,10}}\]: ++)?"
    r"(?:\"\] )?(?:\[ID [0-9]{1,10} [a-z0-9.]{1,40}\] )?"
).match


class Messages:
    """The rules of lines, ready to be asked."""

    __slots__ = ("_gated", "_may_tell", "_places", "_rules", "_secrets", "_unless")

    def __init__(self, catalogue: Catalogue, engine: Engine, secrets: Secrets) -> None:
        """Make the searches: a first look, the rules, the place of the client in each of their patterns."""
        self._rules, self._secrets = catalogue.lines, secrets
        words = {word for rule in catalogue.lines for word in rule.words}
        words |= {word for secret in catalogue.secrets for word in secret.words}
        self._may_tell = engine.several([exact(plain(tuple(sorted(words))))]) if words else None
        rows = [(exact(plain(rule.words)), [exact(pattern) for pattern in rule.match]) for rule in catalogue.lines]
        self._gated = Gated(rows, engine)
        self._places = [[engine.group(pattern, "client_ip") for pattern in patterns] for _, patterns in rows]
        self._unless = [engine.several(rule.unless) if rule.unless else None for rule in catalogue.lines]

    def finding(self, text: str) -> Finding | None:
        """Return what the first rule says of a message, None for most."""
        text = text[:READ_CHARS]
        if self._may_tell is None or not self._may_tell(text.encode("utf-8", "replace")):
            return None
        return self._refusal(text) or self._secrets.finding(text, None, lambda: text)

    def _refusal(self, text: str) -> Finding | None:
        head = _HEAD(text)
        message = (text[head.end() :] if head else text).rstrip().encode("utf-8", "replace")
        for number, pattern in self._gated(message):
            rule, unless = self._rules[number], self._unless[number]
            if unless and unless(message):
                continue
            place = self._places[number][pattern](message)
            client = message[slice(*place)].decode("utf-8", "replace") if place and place[0] >= 0 else None
            return Finding(rule.name, rule.severity, None if client in _NOBODY else client, mask(text), rule.feeds)
        return None
