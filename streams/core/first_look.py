"""What must be in a line for it to be anything but a line that nothing recognises: one pattern of all words. Knows no engine.

Most lines of an app are neither requests nor events. To ask all formats, signs and rules about each costs ten times what
reading a request does; a pattern that looks through the lines of a whole record at once turns most of them away. It is a
necessary condition, never a sufficient one: it changes the speed and never the result, which tests hold.

Where a format's or a sign's own needle is in too many lines, the table here has something rarer that is in all of its lines.
JSON may hold any of them as text, so quotes and slashes may have backslashes before them, and what is spelt ``\\u00..`` passes.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from streams.core import events, samples, telling
from streams.core.parsing import FORMATS, frameworks, halves, parts, pretty, rails

Look = Callable[[Sequence[str]], Iterable[int] | None]  # texts -> the numbers of those that may be something; None: all

_Q = r'\\*"'  # a quote, perhaps within a JSON text
_METHOD = r"(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE|CONNECT) "
# Names of formats -> what is in all of their lines.
_RARER: dict[tuple[str, ...], str] = {
    ("morgan-tiny", "morgan-short", "vertx-tiny"): r" - (?:[0-9.]+|-) ms",
    ("morgan-dev",): r" (?:[0-9.]+|-) ms - ",
    ("hypercorn-first", "iis"): r"[A-Z-] /",
    ("habit",): _METHOD,
    ("haproxy",): r"[0-9]/-?[0-9]+/-?[0-9]+/",
    ("aws-elb",): r" (?:-1|[0-9.]+) (?:-1|[0-9.]+) (?:-1|[0-9.]+) [0-9-]+ [0-9-]",
    ("cloudfront",): r"\t[0-9]{2}:[0-9]{2}:[0-9]{2}\t",
    ("clf-tab",): r"HTTP/|\t[\"\[]?[A-Z][A-Z-]{2,15}[\"\]]?\t",
    ("bunny",): r"\|[0-9]{10,13}\|",
    ("squid",): r"[A-Z_]/(?:[0-9]{1,3}|-) ",
    ("dskit",): rf"msg={_Q}[A-Z]+ ",
    ("lograge",): "method=",
    ("logfmt",): rf"ethod=|verb=|request=(?:'|{_Q}|[A-Z]+ /)|={_Q}HTTP: ",
    ("json",): rf"(?i:status|code|resp)[A-Za-z0-9_.\- ]*{_Q}",
}
# Needles of signs that are in too many lines -> what is in all of the sign's lines.
_LOUD = r"(?i:error|eror|fatal|critical|crit|alert|emergency|panic|dpanic)"
_RARER_SIGNS = {
    "P1": r"P1[0-9]{3}",
    "P2": r"P20[0-9]{2}",
    "(E": r"\(E[A-Z]{4}",
    **dict.fromkeys(
        ("evel", "level", "lvl", "severity", "everity"),
        rf"(?i:level|lvl|level_?name|severity(?:_?text)?){_Q}: ?(?:{_Q}{_LOUD}|[56]0)",
    ),
    "@l": rf"@l{_Q}: ?{_Q}(?:Error|Fatal)",
    "):": r"::[A-Z][A-Za-z0-9_]* \(",
    "level=": rf"level={_Q[:-1]}\"?{_LOUD}",
    '{"$date': rf"{_Q}s{_Q}:{_Q}[EF]{_Q}",
    "s FAIL": r"\.\. [0-9hms. ]{1,20}s FAIL",
    "\\n": rf"(?:stack|stack_?trace|exc_info|traceback|exception){_Q}: ?{_Q}",
}
_HIDDEN = r"\\u00|\\/|\x1b"  # JSON can write any of it so; colours stand between words


def pattern(security: Iterable[str] = ()) -> str:
    """Return the pattern, in RE2's words; ``security`` are the words of the guard's rules for messages."""
    found = {_HIDDEN, *_of_formats(), *_of_signs()}
    told = (*parts.WORDS, *halves.NEEDLES, *rails.BEGINNINGS, *pretty.NEEDLES)
    found |= {_literal(word) for word in (*samples.NEEDLES, *told, telling.OPENER)}
    found |= {_literal(word) for word in security}
    return "|".join(sorted(found))


def _of_formats() -> set[str]:
    rarer = {name: rare for names, rare in _RARER.items() for name in names}
    framework = {fmt.name for fmt in frameworks.FORMATS} | {"logged"}  # they have a look of their own
    found = {rarer.get(fmt.name) or _literal(fmt.needle) for fmt in FORMATS if fmt.name not in framework}
    return found | {frameworks.MAY_BE.replace(r"\{\"", r"[ \t\])|]\{\"").replace(r" \"", rf" {_Q}")}


def _of_signs() -> set[str]:
    return {_RARER_SIGNS.get(needle) or _literal(needle) for needle in events.NEEDLES}


def _literal(word: str) -> str:
    return re.escape(word).replace('"', _Q).replace(r"\ ", " ")
