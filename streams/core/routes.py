"""Folds targets into routes: ``/orders/123?x=1`` is ``/orders/:id``. Knows no app; its cache changes no result.

The user's templates (``/shop/:category/:slug``, ``/files/*``) come before that: a target that fits one is that route.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ClassVar

from streams.core import regex

OTHER = "(other)"
_CACHE_SIZE = 8_192
_DIRECT_CALLS = 15  # columns normalised without a look at the cache after one that the cache knew little of
# A path segment that holds a digit is an id, unless it is a version (v1) or only looks so (a file name keeps its ending).
_ID = regex.compiled(r"/(?!v[0-9]++(?:[/?\n]|$))[^/?\n0-9]*+[0-9][^/?\n]*+", re.MULTILINE).sub
_QUERY = regex.compiled(r"\?[^\n]*+").sub
_PARAMETERS = regex.compiled(r"[#;][^\n]*+").sub


class _Cache:
    """What targets were folded into; how it fills decides the speed, never the result."""

    known: ClassVar[dict[str | None, str]] = {}
    direct = 0
    templates: tuple[str, ...] = ()  # by which these were folded


def routes(targets: Sequence[str | None], chars: int, templates: tuple[str, ...] = ()) -> list[str]:
    """Return the route of each target; all that the cache does not know are normalised in one pass."""
    if not targets:
        return []
    if _Cache.templates != templates:
        forget()
        _Cache.templates = templates
    if _Cache.direct:
        _Cache.direct -= 1
        return _folded(targets, chars, templates)
    known = _Cache.known
    new = list(set(targets).difference(known))
    if new:
        if len(known) > _CACHE_SIZE:
            known.clear()
            new = list(set(targets))
            _Cache.direct = _DIRECT_CALLS
        elif len(new) * 2 > len(targets) and len(known) * 4 > _CACHE_SIZE:
            _Cache.direct = _DIRECT_CALLS  # most targets are new: looking them up costs more than it saves
        known.update(zip(new, _folded(new, chars, templates), strict=True))
    return list(map(known.__getitem__, targets))


def forget() -> None:
    """Empty the cache, for those who measure cold."""
    _Cache.known.clear()
    _Cache.direct = 0


def _folded(targets: Sequence[str | None], chars: int, templates: tuple[str, ...]) -> list[str]:
    found = _normalised(targets, chars)
    if templates:
        fits = _fitting(templates)
        for i, target in enumerate(targets):
            if fitting := fits((target or "").partition("?")[0]):
                found[i] = templates[(fitting.lastindex or 1) - 1]
    return found


@lru_cache(maxsize=16)
def _fitting(templates: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """Return what finds the first template that a path fits: the number of its group."""
    return regex.compiled("|".join(f"({_pattern(template)})" for template in templates)).fullmatch


def _pattern(template: str) -> str:
    parts = ["[^/]++" if part.startswith(":") else re.escape(part) for part in template.split("/")]
    if parts[-1] == re.escape("*"):
        return "/".join(parts[:-1]) + "(?s:/.*+)?+"
    return "/".join(parts) + "/?+"


def _normalised(targets: Sequence[str | None], chars: int) -> list[str]:
    if all(targets):
        text = "\n".join(targets)  # type: ignore[arg-type]  # none is None
        plain = max(map(len, targets)) <= chars and text.count("\n") == len(targets) - 1  # type: ignore[arg-type]
    else:
        plain = False
    if not plain:
        text = "\n".join([(target or "-")[:chars].replace("\n", " ") for target in targets])
    if "?" in text:
        text = _QUERY("", text)
    if ";" in text or "#" in text:
        text = _PARAMETERS("", text)
    return _ID("/:id", text).split("\n")
