"""Finds secrets that leaked into a text, and never shows them. Knows no request and no catalogue file."""

from collections.abc import Callable

from streams.core import regex
from streams.core.masking import mask
from streams.core.security.catalogue import Engine, SecretRule
from streams.core.security.decoding import READ_CHARS, exact, plain
from streams.core.security.gated import Gated
from streams.core.security.values import Finding

_HIDDEN = "***"
# What stands where a secret would, and is none: each a whole value, not the beginning of a longer one.
_NO_SECRETS = (
    r"(?i:redacted|filtered|masked|hidden|removed|obfuscated|sanitized|scrubbed|x{3,60}+)",  # by the application
    r"(?i:undefined|required|optional|string|change[_-]?me|your[_-][a-z_-]{1,40}+)",  # not set, and what examples say
    r"env\([^)\s]{0,60}+\)|(?:self|os|settings|config|args|process\.env)\.[A-Za-z_.]{1,60}+",  # where a program takes it from
    r"(?:password|api_key|access_token|client_secret|secret_key)(?=[,)])",  # an argument of the same name, as in a trace
    r"(?i:incorrect|invalid|wrong|missing|should|please|cannot|passwords?+(?=\s(?:is|must|can|should|do|does|may|has|too)\b))",
    r"pk\.[A-Za-z0-9_.-]++|phc_[A-Za-z0-9]++|pk_(?:live|test)_[A-Za-z0-9]++",  # made for browsers: Mapbox, PostHog, Stripe
    r"eyJ[\w-]++\.(?=[\w-]*(?:JvbGUiOiJhbm9uI|yb2xlIjoiYW5vbi|cm9sZSI6ImFub24i))[\w.-]++",  # Supabase: "role":"anon"
)
_TAKEN_OUT = regex.compiled(
    rf"([=:](?=[\s\\\"'._A-Za-z-])\s?+\\?+[\"']?+)[-_.]{{0,4}}+(?:{'|'.join(_NO_SECRETS)})[-_.]{{0,4}}+(?![A-Za-z0-9!#/+=~^])"
)
_WORD = r"(?:[A-Z]{1,20}[_-]){0,3}?(?:PASS(?:WORD|WD)?|PWD)(?:[_-][A-Z]{1,20}){0,3}+"  # in capitals: what is to stand there
_PLACEHOLDER = regex.compiled(  # as the password of an address, whose host follows; as the value of a name
    rf"(//[^\s:/@]{{0,100}}+:){_WORD}(?=@[^\s@\"']{{1,200}}+(?!@))"
    rf"|([=:](?=[\s\"'A-Z])[ ]?+[\"']?+){_WORD}(?![A-Za-z0-9!#$%&*@/+=~^_-]|[\"']?[:=])"
)


class Secrets:
    """The rules of secrets, ready to be asked."""

    __slots__ = ("_gated", "_places", "_rules")

    def __init__(self, rules: tuple[SecretRule, ...], engine: Engine) -> None:
        """Make the searches."""
        rows = [(exact(plain(rule.words)), [exact(pattern) for pattern in rule.match]) for rule in rules]
        self._rules, self._gated = rules, Gated(rows, engine)
        self._places = [[engine.group(pattern, "secret") for pattern in patterns] for _, patterns in rows]

    def finding(self, text: str, client_ip: str | None, shown: Callable[[], str]) -> Finding | None:
        """Return what the first rule finds in a text; in what is ``shown`` as evidence, what each rule found is hidden."""
        text = text[:READ_CHARS]
        raw = text.encode("utf-8", "replace")
        if next(self._gated(raw), None) is None:
            return None
        raw = _PLACEHOLDER.sub(rf"\1\2{_HIDDEN}", _TAKEN_OUT.sub(rf"\1{_HIDDEN}", text)).encode("utf-8", "replace")
        found = list(self._gated(raw))
        if not found:
            return None
        evidence = shown()
        for number, pattern in found:
            place = self._places[number][pattern](raw)
            if place and 0 <= place[0] < place[1]:  # of a key over several lines, the first may hold nothing of it
                evidence = evidence.replace(raw[slice(*place)].decode("utf-8", "replace"), _HIDDEN)
        rule = self._rules[found[0][0]]
        return Finding(rule.name, rule.severity, client_ip, mask(evidence))
