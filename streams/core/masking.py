"""Masks secrets before a line leaves as evidence. Knows no format and no topic; takes time linear in what it keeps."""

import re
from collections.abc import Callable
from functools import partial

from msgspec import Struct

KEPT_CHARS = 300
_READ_CHARS = 2 * KEPT_CHARS  # bounds what the patterns below can cost
_MASK = "***"
_NAMES = (
    r"pass(?:word|wd)?|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|client[_-]?secret|private[_-]?key"
    r"|session(?:[_-]?id)?|signature|sig|credentials?"
)


class Rule(Struct, frozen=True):
    """One kind of secret: in every text that holds it stands one of the needles, in small letters."""

    needles: tuple[str, ...]
    mask: Callable[[str], str]
    why: str


def _rule(needles: tuple[str, ...], pattern: str, by: str, why: str) -> Rule:
    compiled = re.compile(pattern, re.IGNORECASE)
    return Rule(needles, partial(compiled.sub, by), why)


# In this order: what a later row would only half see is gone before.
_RULES = (
    _rule(
        ("authorization",),
        r'\b((?:proxy-)?authorization["\']?\s*[:=]\s*["\']?(?:(?:basic|bearer|token)\s+)?)[^\s"\',;]+',
        rf"\1{_MASK}",
        "headers",
    ),
    _rule(
        ("cookie",), r'\b((?:set-)?cookie["\']?\s*[:=]\s*["\']?)[^\n"\']+', rf"\1{_MASK}", "whole: any part may be a session"
    ),
    _rule(("://",), r"\b([a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,100}):[^\s@/]+@", rf"\1:{_MASK}@", "connection strings"),
    _rule(
        ("pass", "pwd", "secret", "token", "key", "session", "sig", "credential"),
        rf'((?:\b|[_-])(?:{_NAMES})["\']?\s*(?:=>|[=:])\s*["\']?)[^\s"\'&,;)]+',
        rf"\1{_MASK}",
        "by the name before it",
    ),
    _rule(("bearer",), r"\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}", rf"\1{_MASK}", "tokens without a header's name"),
    _rule(("eyj",), r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*", _MASK, "JSON web tokens"),
    _rule(
        ("sk", "pk", "rk", "gh", "xox", "shpat", "fo1", "fm"),
        r"\b(?:sk|pk|rk|ghp|gho|ghs|xox[abp]|shpat|fo1|fm[12])[_-][A-Za-z0-9_-]{12,}",
        _MASK,
        "keys known by their beginning",
    ),
    _rule(("akia",), r"\bAKIA[A-Z0-9]{12,}", _MASK, "keys of AWS"),
    _rule(("@",), r"[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,100}\.[a-z]{2,12}\b", _MASK, "e-mail addresses"),
)


def mask(text: str) -> str:
    """Return the beginning of a text, at most 300 characters, with secrets and addresses of people taken out."""
    kept = text[:_READ_CHARS]
    small = kept.lower()
    for rule in _RULES:
        if any(map(small.__contains__, rule.needles)):
            kept = rule.mask(kept)
    return kept[:KEPT_CHARS]
