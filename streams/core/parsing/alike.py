"""Documents with the same names on one level, as columns of their values. Knows no name and no notation of a value.

Where it is known which names come, a typed shape of these reads many of them in half the time of any documents.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import structs

from streams.core.parsing.naming import Document

Names = tuple[str, ...]
_MOST_NAMES = 64
_MOST_WHOLE = 1 << 63  # a whole number beyond is a float to orjson, which reads single documents


class Alike:
    """Some documents, at least one."""

    __slots__ = ("_documents", "_rows", "names")

    def __init__(self, names: Names, documents: Sequence[Document] = (), rows: Sequence[Any] = ()) -> None:
        """Hold documents, or what their shape has read."""
        self.names, self._documents, self._rows = names, documents, rows

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._rows) or len(self._documents)

    def column(self, name: str) -> list[Any]:
        """Return the values of a name that all have."""
        if self._rows:
            return list(map(_getters(self.names)[name], self._rows))
        return [document[name] for document in self._documents]

    @property
    def documents(self) -> Sequence[Document]:
        """The documents themselves."""
        if not self._documents:
            self._documents = [dict(zip(self.names, structs.astuple(row), strict=True)) for row in self._rows]
        return self._documents


def shape(names: Names) -> type[Any] | None:
    """Return the type of documents that have these names and no others, None where there is none."""
    if not 0 < len(names) <= _MOST_NAMES:
        return None
    fields = [(f"f{place}", Any, msgspec.field(name=name)) for place, name in enumerate(names)]
    try:
        return msgspec.defstruct("Shape", fields, forbid_unknown_fields=True, gc=False)
    except ValueError:  # a name with a quote or a control character
        return None


def too_large(values: Sequence[Any]) -> bool:
    """Tell whether a number among some is one that single documents have otherwise."""
    whole = [value for value in values if type(value) is int]
    return bool(whole) and (max(whole) >= _MOST_WHOLE or min(whole) <= -_MOST_WHOLE)


@lru_cache(maxsize=512)
def _getters(names: Names) -> dict[str, Callable[[Any], Any]]:
    return {name: attrgetter(f"f{place}") for place, name in enumerate(names)}
