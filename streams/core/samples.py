"""What a line says it measured: how long a database query took, as databases and their drivers log it. Knows no request."""

import re
from collections.abc import Callable
from math import isfinite

from msgspec import Struct

from streams.core import regex
from streams.core.lazily import Lazily
from streams.core.masking import mask
from streams.core.values import Sample
from streams.core.words import Words

__all__ = ["NEEDLES", "SHAPES", "recognise"]

QUERY = "query"
READ_CHARS = 4_000  # what took how long is told at the beginning of a line, or behind a query of some length
_COUNTED = r"((?:[0-9]{1,3},){0,4}[0-9]{1,12})"  # with a comma between thousands
_UNITS_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,12})?)"
_SQL = (
    r"((?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|REPLACE|CALL|EXECUTE|COMMIT|ROLLBACK|CREATE|ALTER|DROP|TRUNCATE|COPY"
    r"|select|insert|update|delete|with|merge|replace|call|commit|rollback|create|alter|drop|truncate)\b[^\n]*+|/\*[^\n]*+)"
)
_BOUND = regex.compiled(r"(?:  \[\[|; args=|\",\")[^\n]*+").sub  # values, and what stands behind a query in JSON
_LITERAL = regex.compiled(r"'(?:[^'\n]|'')*+'?").sub


class Shape(Struct, frozen=True):
    """One way to tell of a query. Groups: T (what it took), U (its unit, else ``unit_ms`` holds), Q (the query)."""

    needle: str  # is in every line of this shape
    search: Callable[[str], re.Match[str] | None]
    unit_ms: float
    why: str


def _shape(needle: str, pattern: str, unit_ms: float, why: str) -> Shape:
    """Return the shape of a pattern with the three groups; it begins at the line's beginning or at its needle."""
    for name, group in (("T", _NUMBER), ("T,", _COUNTED), ("U", r"(ns|us|µs|μs|ms|s|m)"), ("Q", _SQL)):
        pattern = pattern.replace(f"<{name}>", group.replace("(", f"(?P<{name[0]}>", 1))
    pattern = pattern.replace("(<A>", "(?P<Q>")
    return Shape(needle, Lazily(pattern).search, unit_ms, why)


SHAPES: tuple[Shape, ...] = (
    _shape(
        "duration: ",
        r"\bduration: <T> ms(?:  (?:statement|(?:parse|bind|execute(?: fetch from)?) [^:\n]{1,100}): (<A>[^\n]*+)"
        r"|  plan:|\"|$)",
        1.0,
        "PostgreSQL: log_min_duration_statement, auto_explain, log_duration; also in its CSV and JSON",
    ),
    _shape(
        "ms)",
        r"(?:^|[\]:] ) *+(?!CACHE )(?:[A-Z][A-Za-z0-9_:?! ]{1,81}+(?<= ))?\(<T>ms\)  ?<Q>",
        1.0,
        "Active Record; what its own cache gave is no query",
    ),
    _shape(
        "; args=",
        r"(?:^|[ \]:])\(<T>\) (?:QUERY = [\"'])?<Q>",
        1e3,
        "Django: seconds",
    ),
    _shape("# Query_time: ", r"^# Query_time: <T>  ?Lock_time: ", 1e3, "MySQL's slow log: seconds; the query comes behind"),
    _shape(
        '"gofrVersion"',
        r"\"query\": ?\"(<A>(?:[^\"\\\n]|\\.)*+)\", ?\"duration\": ?<T>",
        1e-3,
        "GoFr as JSON: microseconds; before Prisma's, which has the same names",
    ),
    _shape(
        '"duration"',
        r"\"query\": ?\"(?=(?i:select|insert|update|delete|with|begin|commit|db\.)\b)(<A>(?:[^\"\\\n]|\\.)*+)\""
        r"[^\n]{0,3000}?\"duration\": ?<T>",
        1.0,
        "Prisma's query log as JSON",
    ),
    _shape("QUERY ", r"\bQUERY (?:OK|ERROR)(?: source=(<A>\"[^\"\n]{1,100}\"))? db=<T>ms\b", 1.0, "Ecto"),
    _shape("Elapsed time: ", r"Executed \([^)\n]{1,60}\): (<A>[^\n]{1,3800}?);? ?Elapsed time: <T>ms", 1.0, "Sequelize"),
    _shape("execution time: ", r"^execution time: <T>$", 1.0, "TypeORM, behind the query that was slow"),
    _shape("[took ", r"\[query\] (<A>[^\n]{1,3800}?) \[took <T> ms", 1.0, "MikroORM"),
    _shape("[rows:", r"\[<T><U>\] (?:\[[^\]\n]{0,60}\] )?\[rows:[0-9-]{1,12}\] (<A>[^\n]*+)", 1.0, "gorm"),
    _shape("msg=Query", r"\btime=\"?<T><U>\b", 1.0, "pgx's tracelog as logfmt"),
    _shape(
        '"Slow query"',
        r"\"ns\": ?\"(<A>[^\"\n]{1,120})\"[^\n]{0,3800}?\"durationMillis\": ?<T>",
        1.0,
        "MongoDB from 4.4",
    ),
    _shape(
        "protocol:op_",
        r"\b(?:command|COMMAND) (<A>[A-Za-z0-9_.$-]{1,120}) [^\n]{0,3800}?protocol:op_[a-z]{1,10} <T>ms",
        1.0,
        "MongoDB before 4.4",
    ),
    _shape(
        "|statement|",
        r"^[^|\n]{1,40}\|<T>\|statement\|connection ?[0-9]{1,12}\|(?:url [^|\n]{0,300}\|)?(?:[^|\n]*+\|)?+(<A>[^\n]*+)",
        1.0,
        "P6Spy",
    ),
    _shape(
        "| took ",
        r"\| took <T>ms \| statement \| connection ?[0-9]{1,12}\| ?(?:url [^\n|]{0,300}\|? ?)?(<A>[^\n]*+)",
        1.0,
        "P6Spy in Spring Boot",
    ),
    _shape("SlowQuery: ", r"\bSlowQuery: <T> milliseconds\. SQL: '(<A>[^\n]{1,3800}?)'?$", 1.0, "Hibernate"),
    _shape("HHH000117", r"\bHHH000117: HQL: (<A>[^\n]{0,3800}?), time: <T>ms", 1.0, "Hibernate's statistics"),
    _shape(
        "DbCommand (",
        r"\b(?:Executed|Failed executing) DbCommand \(<T,>ms\)",
        1.0,
        "Entity Framework, which parts thousands; the query comes behind",
    ),
    _shape("rows_returned=", r"\belapsed=<T><U>\b", 1.0, "sqlx"),
    _shape(
        "elapsed: ", r"\brows(?: affected)?: [0-9]{1,12}, (?:rows returned: [0-9]{1,12}, )?elapsed: <T><U>", 1.0, "sqlx, older"
    ),
)
NEEDLES = tuple(shape.needle for shape in SHAPES)
_NEEDLES = Words(NEEDLES)


def recognise(text: str) -> Sample | None:
    """Return how long a query took, None for lines that do not say so."""
    text = text[:READ_CHARS]
    has = _NEEDLES.has(text)
    for shape in SHAPES:
        if has(shape.needle) and (found := shape.search(text)):
            said = found.groupdict()
            took_ms = float(said["T"].replace(",", "")) * (_UNITS_MS[said["U"]] if "U" in said else shape.unit_ms)
            if isfinite(took_ms):
                return Sample(QUERY, took_ms, mask(_LITERAL("'?'", _BOUND("", said.get("Q") or "")).strip()))
    return None
