"""Reads many lines of one format at once, by one search over all of them. Knows no single format.

A run takes nothing that its format would refuse, and reads in it what the format does. It may refuse what the format takes:
lines that it refuses are asked again one by one.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import compress, count, repeat
from operator import itemgetter, not_
from typing import Any

import msgspec

from streams.core import regex
from streams.core.parsing.format import Run, Table, Taken
from streams.core.parsing.stretch import ended

_NONE: Table = ((),) * 7


def searched(pattern: str, never_empty: int, table: Callable[[Table], Table | None]) -> Run:
    """Return the run of a verbose pattern that stays within its line, unless a target or a quote lacks its end.

    Its groups without a content are left out, as each would cost every line. ``never_empty`` is the number of a group that
    no line leaves empty, from 0; ``table`` puts the columns of the groups in order. As a set of characters is slow to search
    by, a pattern may take any text without a blank for a target or the like: which characters none of them has is asked of
    the whole column, and None is the answer when one has some.
    """
    compiled = lru_cache(1)(lambda: regex.compiled(rf"(?:{pattern.replace('()', '')}|[^\n]*+)\n", re.VERBOSE).findall)
    saying = itemgetter(never_empty)

    def run(texts: Sequence[str]) -> Taken | None:
        text = ended(texts)
        rows = () if text is None else compiled()(text)
        if len(rows) != len(texts):  # a match over two of them, or a line end in one
            return None
        refused: Sequence[int] = ()
        if "" in (said := list(map(saying, rows))):
            refused = list(compress(count(), map(not_, said)))
            if len(refused) == len(rows):
                return Taken(_NONE, refused)
            rows = list(compress(rows, said))
        found = table(tuple(zip(*rows, strict=True)))
        return None if found is None else Taken(found, refused)

    return run


def ordered(order: tuple[int | None, ...], unclean: str) -> Callable[[Table], Table | None]:
    """Return what puts columns in order.

    ``order`` tells for each field which of them it is, None where no line says it; ``unclean`` is what no target has.
    """
    target = order[2]

    def table(columns: Table) -> Table | None:
        if target is None or has_any(columns[target], unclean):
            return None
        nothing = ("",) * len(columns[target])
        return tuple(nothing if at is None else columns[at] for at in order)

    return table


def has_any(column: Sequence[str], chars: str) -> bool:
    """Tell whether a text of a column has one of some characters."""
    return any(map("".join(column).__contains__, chars))


def documents(shape: type[Any], table: Callable[[list[Any]], Table | None]) -> Run:
    """Return the run of a typed JSON document; ``table`` gives the columns of many, None where one of them is odd.

    Between two of them stands a number. No document can go on behind it, as each text begins with a brace: a value stands
    between two commas, or behind a colon and before one. So there are as many documents as texts only if each text is one.
    """
    decode = msgspec.json.Decoder(shape | int).decode_lines

    def run(texts: Sequence[str]) -> Taken | None:
        refused: Sequence[int] = ()
        if not all(map(str.startswith, texts, repeat("{"))):
            refused = [number for number, text in enumerate(texts) if not text.startswith("{")]
            texts = [text for text in texts if text.startswith("{")]
            if not texts:
                return Taken(_NONE, refused)
        try:
            rows = decode("\n0\n".join(texts))
        except (ValueError, RecursionError):  # one is not JSON, or of another shape, has a lone surrogate, is too deep
            return None
        found = table(rows[::2]) if len(rows) == 2 * len(texts) - 1 else None
        return None if found is None else Taken(found, refused)

    return run
