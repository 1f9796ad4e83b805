"""Folds targets into routes: ``/orders/123?x=1`` is ``/orders/:id``. Knows no app; its cache changes no result."""

import re
from collections.abc import Sequence
from typing import ClassVar

OTHER = "(other)"
_CACHE_SIZE = 8_192
_DIRECT_CALLS = 15  # columns normalised without a look at the cache after one that the cache knew little of
# A path segment that holds a digit is an id, unless it is a version (v1) or only looks so (a file name keeps its ending).
_ID = re.compile(r"/(?!v[0-9]++(?:[/?\n]|$))[^/?\n0-9]*+[0-9][^/?\n]*+", re.MULTILINE).sub
_QUERY = re.compile(r"\?[^\n]*+").sub
_PARAMETERS = re.compile(r"[#;][^\n]*+").sub


class _Cache:
    """What targets were folded into; how it fills decides the speed, never the result."""

    known: ClassVar[dict[str | None, str]] = {}
    direct = 0


def routes(targets: Sequence[str | None], chars: int) -> list[str]:
    """Return the route of each target; all that the cache does not know are normalised in one pass."""
    if _Cache.direct:
        _Cache.direct -= 1
        return _normalised(targets, chars)
    known = _Cache.known
    new = list(set(targets).difference(known))
    if new:
        if len(known) > _CACHE_SIZE:
            known.clear()
            new = list(set(targets))
            _Cache.direct = _DIRECT_CALLS
        elif len(new) * 2 > len(targets) and len(known) * 4 > _CACHE_SIZE:
            _Cache.direct = _DIRECT_CALLS  # most targets are new: looking them up costs more than it saves
        known.update(zip(new, _normalised(new, chars), strict=True))
    return list(map(known.__getitem__, targets))


def forget() -> None:
    """Empty the cache, for those who measure cold."""
    _Cache.known.clear()
    _Cache.direct = 0


def _normalised(targets: Sequence[str | None], chars: int) -> list[str]:
    try:
        text = "\n".join(targets)  # type: ignore[arg-type]  # a None is caught
        plain = max(map(len, targets)) <= chars and text.count("\n") == len(targets) - 1  # type: ignore[arg-type]
    except TypeError:
        plain = False
    if not plain:
        text = "\n".join([(target or "-")[:chars].replace("\n", " ") for target in targets])
    if "?" in text:
        text = _QUERY("", text)
    if ";" in text or "#" in text:
        text = _PARAMETERS("", text)
    return _ID("/:id", text).split("\n")
