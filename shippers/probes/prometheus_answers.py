"""Reads what Prometheus answers to a query at one time. Knows no HTTP, no query and no app."""

from math import isfinite

import msgspec
from msgspec import Struct

MOST = 50_000  # of one answer


class Reading(Struct, frozen=True):
    """A finite value and its labels."""

    labels: dict[str, str]
    value: float


class NoVector(ValueError):
    """The query's fault: its answer has no labels, or is of many times."""


class _Series(Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(Struct):
    resultType: str  # noqa: N815  # Prometheus' own
    result: msgspec.Raw


class _Answer(Struct):
    status: str
    data: _Data


def readings(body: bytes) -> list[Reading]:
    """Return the values of a vector; those that are none (0 divided by 0, and what follows of it) are left out.

    Raises ValueError with what is wrong.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        if answer.data.resultType != "vector":
            raise NoVector(f"the query gives a {answer.data.resultType[:20]}, not a vector: it must be of one time")
        series = msgspec.json.decode(answer.data.result, type=list[_Series])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no answer of Prometheus: {error}") from None
    if len(series) > MOST:
        raise ValueError(f"{len(series)} series, at most {MOST} are taken: sum them up in the query")
    try:
        found = [Reading(each.metric, float(each.value[1])) for each in series]
    except ValueError:
        raise ValueError("no answer of Prometheus: a value is no number") from None
    return [reading for reading in found if isfinite(reading.value)]
