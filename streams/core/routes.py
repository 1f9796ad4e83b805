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
_DIRECT_CALLS = 15  # columns folded without a look at the cache after one that the cache knew little of
_ZEROS = dict.fromkeys(map(ord, "123456789"), "0")
# A path segment that holds a digit is an id, unless it is a version (v1) or only looks so (a file name keeps its ending).
_ID = regex.compiled(r"/(?!v[0-9]++(?:[/?\n]|$))[^/?\n0-9]*+[0-9][^/?\n]*+", re.MULTILINE).sub
_QUERY = regex.compiled(r"\?[^\n]*+").sub
_PARAMETERS = regex.compiled(r"[#;][^\n]*+").sub


class _Cache:
    """What keys were folded into, by what they depend on besides; how it fills decides the speed, never the result."""

    known: ClassVar[dict[object, dict[str | None, str]]] = {}
    direct = 0

    @classmethod
    def routes(cls, about: object, keys: Sequence[str | None], fold: Callable[[list[str | None]], list[str]]) -> list[str]:
        """Return the routes of keys; all that are new are folded in one pass."""
        known = cls.known.setdefault(about, {})
        new = list(set(keys).difference(known))
        if new:
            if len(known) > _CACHE_SIZE:
                known.clear()
                new = list(set(keys))
                cls.direct = _DIRECT_CALLS
            elif len(new) * 2 > len(keys) and len(known) * 4 > _CACHE_SIZE:
                cls.direct = _DIRECT_CALLS  # most keys are new: looking them up costs more than it saves
            known.update(zip(new, fold(new), strict=True))
        return list(map(known.__getitem__, keys))


def routes(targets: Sequence[str | None], chars: int, templates: tuple[str, ...] = ()) -> list[str]:
    """Return the route of each target; all that the cache does not know are folded in one pass.

    Paths that differ in their digits alone have one route, so that a path is known by its text with zeros for digits. A
    version (``/v1``) keeps its digit: with one of one digit in a column, the cache is that of this version.
    """
    if not targets:
        return []
    if templates:
        return _Cache.routes((templates, chars), targets, lambda new: _fitted(new, chars, templates))
    text = _paths(targets, chars)
    if _Cache.direct:
        _Cache.direct -= 1
    elif text.isascii() and (version := _version(text, shapes := text.translate(_ZEROS))) is not None:
        keys = shapes.split("\n")
        return _Cache.routes(version, keys, lambda new: _of_shapes(new, keys, text))
    return _folded(text)


def forget() -> None:
    """Empty the cache, for those who measure cold."""
    _Cache.known.clear()
    _Cache.direct = 0


def _version(text: str, shapes: str) -> str | None:
    """Return the one version that is in paths, "" for none; None when there are several, or one of more digits."""
    at = shapes.find("/v0")
    if at < 0:
        return ""
    version, count = text[at : at + 3], shapes.count("/v0")
    if text.count(f"{version}/") == count:
        return version
    return version if text.count(version) == count and "/v00" not in shapes else None


def _of_shapes(new: Sequence[str | None], shapes: list[str], text: str) -> list[str]:
    """Fold a path of each new shape."""
    path = dict(zip(shapes, text.split("\n"), strict=True))
    return _folded("\n".join([path[shape] for shape in new]))  # type: ignore[index]  # no shape is None


def _fitted(targets: Sequence[str | None], chars: int, templates: tuple[str, ...]) -> list[str]:
    found = _folded(_paths(targets, chars))
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


def _paths(targets: Sequence[str | None], chars: int) -> str:
    """Return the paths without what follows them, a line each."""
    if all(targets):
        text = "\n".join(targets)  # type: ignore[arg-type]  # none is None
        plain = max(map(len, targets)) <= chars and "\n" not in "".join(targets)  # type: ignore[arg-type]
    else:
        plain = False
    if not plain:
        text = "\n".join([(target or "-")[:chars].replace("\n", " ") for target in targets])
    if "?" in text:
        text = _QUERY("", text)
    if ";" in text or "#" in text:
        text = _PARAMETERS("", text)
    return text


def _folded(paths: str) -> list[str]:
    return _ID("/:id", paths).split("\n")
