"""Syslog's envelopes: RFC 5424 and 3164, what rsyslog and journald write into files, Heroku's. Knows no others.

A stamp without a year (RFC 3164) is left out: the line counts when it arrives, or with the stamp in its own words. Which
year it was is not in the line, and a guess would put a replay of old files into the wrong one.
"""

from streams.core import regex
from streams.core.envelopes.stamps import any_utc
from streams.core.values import Line

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_TAG = r"([A-Za-z_./-][A-Za-z0-9_./-]{0,47})"
_PID = r"\[[0-9]{1,10}\]"
# Heroku leaves RFC 5424's structured data out; so a tag that the line begins with is the line's.
_HEROKU = regex.compiled(r"<[0-9]{1,3}>1 ([0-9T:.+Z-]{1,40}) [^ \n]++ (?:app|heroku) ([a-z_-]{1,40}(?:\.[0-9]{1,6})?) - ").match
_DATA = r'(?:\[[^\] "=\n]{1,32}(?: [^\] "=\n]{1,32}="[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")*+ ?+\])++'
_5424 = regex.compiled(
    r"<[0-9]{1,3}>[1-9][0-9]? (-|[0-9T:.+Z-]{1,40}) ([^ \n]{1,255}) ([^ \n]{1,48}) [^ \n]{1,128} [^ \n]{1,32} "
    rf"(?:-|{_DATA}) ?"
).match
_3164 = regex.compiled(
    rf"(?:<[0-9]{{1,3}}>)?[A-Z][a-z]{{2}} [ 0-3][0-9] [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,9}})? ([^ \n:]{{1,255}}) "
    rf"{_TAG}(?:{_PID})?: "
).match
# What a program writes to its own host's socket, and HAProxy to any, has no host in it; without a priority it could be prose.
_LOCAL = regex.compiled(
    rf"<[0-9]{{1,3}}>[A-Z][a-z]{{2}} [ 0-3][0-9] [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} {_TAG}(?:{_PID})?: "
).match
# What rsyslog and journald write into files. An app's own line may begin alike, so it must have more than a stamp and a
# word with a colon: six digits and a numeric zone (rsyslog), a zone without a colon (journald), a process or a priority.
_IN_FILES = regex.compiled(
    rf"(<[0-9]{{1,3}}>)?({_DATE}(?:\.[0-9]{{1,9}})?(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})) "
    r"(?!(?i:trace|debug|info|notice|warn|warning|error|err|fatal|critical|panic) )([^ \n:\[\]\"=]{1,255}) "
    rf"{_TAG}({_PID})?: "
).match
_SURE = regex.compiled(rf"{_DATE}(?:\.[0-9]{{6}}[+-][0-9]{{2}}:[0-9]{{2}}|[+-][0-9]{{4}})").fullmatch
_HEROKU_TEXT = regex.compiled(
    rf"({_DATE}(?:\.[0-9]{{1,9}})?(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})) (?:app|heroku)\[([a-z_-]{{1,40}}(?:\.[0-9]{{1,6}})?)\]: "
).match


def from_syslog(text: str, app: str, instance: str) -> Line | None:
    """Read a line with a priority, or with the date of RFC 3164."""
    if text[:1] == "<":
        if head := _HEROKU(text):
            return Line(text[head.end() :], any_utc(head[1]), app, head[2])
        if head := _5424(text):
            stamp, host, tag = head.groups()
            message = text[head.end() :].removeprefix("\ufeff")
            return Line(message, any_utc(stamp), app or _said(tag), _said(host) or instance)
    if head := _3164(text):
        host, tag = head.groups()
        return Line(text[head.end() :], None, app or tag, host or instance)
    if head := _LOCAL(text):
        return Line(text[head.end() :], None, app or head[1], instance)
    return from_file(text, app, instance) if text[:1] == "<" else None


def from_file(text: str, app: str, _: str) -> Line | None:
    """Read a line that begins with an RFC 3339 stamp: rsyslog's files, journald's short-iso, Heroku's text."""
    if head := _HEROKU_TEXT(text):
        return Line(text[head.end() :], any_utc(head[1]), app, head[2])
    head = _IN_FILES(text)
    if head is None:
        return None
    priority, stamp, host, tag, process = head.groups()
    if not (priority or process or _SURE(stamp)):
        return None
    return Line(text[head.end() :], any_utc(stamp), app or tag, host)


def _said(name: str) -> str:
    return "" if name == "-" else name
