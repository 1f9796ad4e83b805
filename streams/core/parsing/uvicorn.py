"""Uvicorn's access lines, plain and coloured, and what logging configurations put around them. Knows no envelope."""

from streams.core import regex
from streams.core.parsing import request_line, runs
from streams.core.parsing.format import Fields, Format, Row, fullmatch, otherwise
from streams.core.parsing.stamps import any_ms

NEEDLE = ' - "'
_COLOUR = r"(?:\x1b\[[0-9;]*+m)?+"
_TARGET, _ANY = r'([^ "\n\x1b]++)', "([^ ]++)"  # of many lines: what may not be in a target is asked of all together
_LINE = (
    rf"{_COLOUR}INFO{_COLOUR}:?+\ ++ \[?+([^ \"\n\]]{{0,255}})\]?+:[0-9]{{1,5}}\ -\ "
    rf'"{_COLOUR}([A-Z][A-Z-]*+)\ {_TARGET}\ HTTP/[0-9.]++{_COLOUR}"\ '
    rf"{_COLOUR}([0-9]{{3}})(?:\ [A-Za-z'\ -]{{0,60}}[A-Za-z])?+{_COLOUR} ()"
)
_PLAIN = rf"{_LINE} () ()"
_TIMED = rf"{_LINE} \ (?:-\ )?+\(?+ ([0-9]++(?:\.[0-9]++)?+)\ ?+ms\)?+ ()"

_HEAD = regex.compiled(
    r"(?:\[?+([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]{8,20}(?:Z|[+-][0-9:]{4,6})?+)\]?+ )?+"  # a stamp of one's own
    r"[^\"\n]{0,120}"
).fullmatch
_PEER = regex.compiled(r"\[?+([0-9A-Fa-f.:]*)\]?+:[0-9]{1,5}").fullmatch
_ANSWER = regex.compiled(
    r"([^\"\n]++)\" ([0-9]{3})(?: [A-Za-z' -]{0,60}[A-Za-z])?+(?: (?:- )?+\(?+([0-9]++(?:\.[0-9]++)?+) ?+ms\)?+)?+"
    r"(?: - \{[^\n]*+)?+"  # what a logger has besides, as loguru's users write it
).fullmatch
_ANSI = regex.compiled(r"\x1b\[[0-9;]*+m")


def match(text: str) -> Row | None:
    """Return the row of an access line with another head: the peer, a dash and the request are what all have."""
    if text[:1] == "{":
        return None  # a document, whatever it quotes
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    before, _, after = text.partition(NEEDLE)
    head, _, peer = before.rpartition(" ")
    found, answer, opening = _PEER(peer), _ANSWER(after), _HEAD(head + " " if head else "")
    if found is None or answer is None or opening is None:
        return None
    method, target = request_line.split(answer[1])
    return Fields(found[1], method, target, answer[2], answer[3], opening[1]) if method else None


_PLAIN_RUN, _TIMED_RUN = (
    runs.searched(pattern.replace(_TARGET, _ANY), 3, runs.ordered((0, 1, 2, 3, None, took, None), '"\x1b'))
    for pattern, took in ((_PLAIN, None), (_TIMED, 4))
)
_STRICT = (
    Format("uvicorn", fullmatch(_PLAIN), "a level, a peer with its port, a quoted request", needle=NEEDLE, run=_PLAIN_RUN),
    Format("uvicorn-time", fullmatch(_TIMED), "a time at the end, so never the plain one", 1.0, needle=NEEDLE, run=_TIMED_RUN),
)
FORMATS = (
    *_STRICT,
    Format(
        "uvicorn-habit",
        otherwise(match, _STRICT),
        "tolerant: only what the strict ones leave",
        1.0,
        any_ms,
        NEEDLE,
    ),
)
