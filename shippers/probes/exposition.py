"""Reads Prometheus' text form, as far as some names go. Knows no HTTP and no server.

An answer has thousands of series, of which a handful are wanted: the lines of others are not even parsed.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from math import isfinite

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

MOST = 20_000  # lines of the names that are wanted; the rest is left out


class Sample(Struct, frozen=True):
    """A finite value and its labels."""

    labels: Mapping[str, str]
    value: float


def samples(body: bytes, names: Collection[str]) -> dict[str, list[Sample]]:
    """Return the samples of the names that are there; ValueError where the text is none of Prometheus'."""
    wanted = frozenset(names)
    found: dict[str, list[Sample]] = {}
    try:
        lines = islice(_lines(body.decode(), wanted), MOST)
        for family in text_string_to_metric_families("\n".join(lines) + "\n"):
            for sample in family.samples:
                if sample.name in wanted and isfinite(sample.value):
                    found.setdefault(sample.name, []).append(Sample(sample.labels, sample.value))
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"no metrics in Prometheus' text form: {error}") from None
    return found


def _lines(text: str, wanted: Collection[str]) -> Iterator[str]:
    for line in text.splitlines():
        name = line.partition("{")[0] if "{" in line else line.partition(" ")[0]
        if name in wanted:
            yield line
