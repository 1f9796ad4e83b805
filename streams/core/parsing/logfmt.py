"""Requests as ``name=value`` pairs: lograge, Go's loggers, Heroku's router, and what else has such names. Knows no envelope."""

from collections.abc import Sequence

from msgspec import structs

from streams.core import regex
from streams.core.parsing import fields, logfmt_usual, outgoing, runs
from streams.core.parsing.format import Format, Row, Taken, fullmatch, otherwise
from streams.core.parsing.pieces import METHOD
from streams.core.parsing.stamps import any_ms

_LOGRAGE = (
    r"() method=([A-Z][A-Z-]*+)\ path=([^ \"\n]++)\ (?:(?:format|controller|action)=[^ \"\n]*+\ )*+ status=([0-9]{3})()"
    r"\ (?:allocations=[0-9]++\ )?+ duration=([0-9]++(?:\.[0-9]++)?+) (?:\ (?:view|db|allocations)=[0-9.]++)*+ ()"
)

# A pair begins after a blank, as the line is read with one before it: without that, each letter of a long word would be tried
# as a begin; a look back would be taken at every character.
# The quotes of Python are structlog's.
_PAIR = regex.compiled(
    r"[ \t]([A-Za-z_@][A-Za-z0-9_.@-]*+)="
    r'(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|\'([^\'\n]*+)\'(?=[ \t]|$)|([^ "\t\n]*+))(?=[ \t]|$)'
).findall
# What flyctl puts before a message of Fly's proxy: a request that did not reach the app, which is an event.
_OF_FLY = ("error.", "request.", "response.")
_ERRORS = ("error.message=", " HTTP request to instance: ", " instance refused connection")
# A stamp before the pairs: slog's and zerolog's console, Ruby's Logger, lines in brackets.
_HEAD = regex.compiled(
    r"(?:[A-Z], )?\[?([0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?+"
    r"(?:Z| ?[+-][0-9]{2}:?[0-9]{2})?+)[\] \t]"
).match
_ASKED = ("ethod=", "verb=", 'request="', "request='", '="HTTP: ')  # one of them is in every line of pairs that is a request
# structlog's console quotes nothing before version 24.2: django-structlog's request of a method and a path.
_UNQUOTED, _quoted = "request=", regex.compiled(rf" request=({METHOD} /[^ '\"\n]*+)(?= |$)").subn
_MOST_PAIRS = 200
_MOST_SIGNS = 600  # a query has some of its own


def match(text: str) -> Row | None:
    """Return the row of a line that is pairs, perhaps behind a few words, and of which the pairs are a request."""
    if text[:1] == "{" or text.count("=") > _MOST_SIGNS or _is_of_fly(text):
        return None
    line, unquoted = _quoted(r" request='\1'", text, 1) if _UNQUOTED in text else (text, 0)
    if not unquoted and not any(asked in text for asked in _ASKED):
        return None
    found = fields.find(pairs(line))
    if found is None or outgoing.called(text.partition("=")[0]):
        return None
    if found.stamp is not None or (head := _HEAD(text)) is None:
        return found
    return structs.replace(found, stamp=head[1])


def pairs(text: str) -> dict[str, str]:
    """Return the pairs of a text; of two with one name the first counts, and none where there are too many."""
    found = _PAIR(f" {text}")
    return (
        {name: quoted or single or bare for name, quoted, single, bare in reversed(found)} if len(found) <= _MOST_PAIRS else {}
    )


def _is_of_fly(text: str) -> bool:
    return text.startswith(_OF_FLY) and any(error in text for error in _ERRORS)


_lograge = runs.searched(_LOGRAGE, 2, runs.ordered((None, 0, 1, 2, None, 3, None), '"'))


def _lograge_run(texts: Sequence[str]) -> Taken | None:
    """Read many lines of lograge; what is not clean is for nobody, and none of ``tracing`` begins with a method."""
    return None if "\x1b" in "".join(texts) else _lograge(texts)


_STRICT = (
    Format("lograge", fullmatch(_LOGRAGE), "lograge's own fields in its own order", 1.0, needle="status=", run=_lograge_run),
    Format("logfmt-usual", logfmt_usual.match, "the order of most Go programs", 1.0, any_ms, "method=", run=logfmt_usual.read),
)
FORMATS = (
    *_STRICT,
    Format(
        "logfmt",
        otherwise(match, _STRICT),
        "tolerant: pairs under names that requests have",
        1.0,
        any_ms,
        needle="=",
        searches=True,
    ),
)
