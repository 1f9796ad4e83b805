"""What loggers write before a message: stamps, levels, names, numbers, brackets. Knows no request and no envelope.

A head is told from prose by a stamp, a level or brackets in it. It never is an envelope's: flyctl's and docker-compose's
heads are peeled before, and a line that still has one is not read here.
"""

import re

from streams.core import regex
from streams.core.parsing.pieces import BARE

_STAMP = (
    r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?:T|,?\ ++(?:-\ )?)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,:][0-9]{1,9})?+"
    r"(?:\ ?Z|\ ?[+-][0-9]{2}:?[0-9]{2}|\ UTC)?+"
    r"|[0-9]{1,2}/[A-Z][a-z]{2}/[0-9]{4}[:\ ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?+(?:\ [+-][0-9]{4})?+"
)
_HOUR = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?+(?:[.,][0-9]{1,9})?+"
_OTHER_STAMP = (  # read as a part of a head, never as a time: no date, or one whose order nobody tells
    rf"[0-9]{{1,2}}[/.][0-9]{{1,2}}[/.][0-9]{{2,4}},?\ ++{_HOUR}(?:\ ?[AaPp]\.?[Mm]\.?)?+"
    rf"|{_HOUR}(?:[+-][0-9]{{4}})?+(?:\ ?[AaPp][Mm])?+"
    r"|[IWEFD][0-9]{4}\ [0-9:.]{8,15}"
)
_METHODS = r"(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|TRACE|CONNECT)\b"
_BRACKETS = (  # but for a status and a method, which are the request's
    r"\[(?![1-5][0-9]{2}\]|(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS)\])[^\]\n\"]{0,100}+\]"
    r"|\([^)\n\"]{0,60}+\)|<[^>\n\"]{0,60}+>"
)
_ANSWER = rf"\ (?:[A-Z][A-Za-z'\ -]{{1,40}}:\ )?{_METHODS}"  # a status before its method is the request's (Tornado, Ktor)
_NUMBER = rf"\#?[0-9]{{1,12}}+(?:\.[0-9]{{1,9}}+)?+(?=[\ \t:|\])>-])(?!{_ANSWER})"
_ID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?=[\ \t:|\])>-])"
_WORD = (  # a level, a name, or a pair; HTTP in capitals before a method is Django's and Serilog's own word
    rf"(?!{_METHODS}|HTTP[\ /])@?+[A-Za-z_][A-Za-z0-9_.$/@*\#]{{0,100}}+(?:-[A-Za-z0-9_./]{{1,40}}+){{0,6}}+"
    r"(?:=(?:\"[^\"\n]{0,80}+\"|[^\ \"\n]{0,120}+))?+(?=[\ \t:|(\[\])>,-])"
)
# A client's address is no name and number with colons behind them: two colons at once, or seven.
_ADDRESS = r"\[?(?=[0-9A-Fa-f:.]{2,45}[\]\ ])(?:[0-9A-Fa-f]{0,4}+(?::[0-9A-Fa-f]{1,4}+){0,6}+::|(?:[0-9A-Fa-f]{1,4}+:){7})"
_BETWEEN = rf"(?::(?={_ADDRESS})|(?!{_ADDRESS})(?:[:|>»\]),]|-{{1,3}}+(?=[\ \t])){{1,3}}+)"
_HEAD = regex.compiled(
    BARE
    + r"[\ \t]{0,20}+(?:[^\x00-\x7f]{1,6}+\ ++)?+"  # a symbol of one's own
    + rf"(?:(?!{_ADDRESS})(?:{_WORD}|\[?(?:{_STAMP})(?=[\]\ \t:|-])\]?+|(?:{_OTHER_STAMP})(?=[\ \t:|\])-])"
    rf"|{_BRACKETS}|{_ID}|{_NUMBER})[\ \t]{{0,20}}+(?:{_BETWEEN}[\ \t]{{0,20}}+){{0,2}}+){{1,14}}+",
    re.VERBOSE,
).match
_LONGEST = 400
_STAMPED = regex.compiled(_STAMP, re.VERBOSE).search
_CLOCK = regex.compiled(r"[0-9]:[0-9]{2}").search
_TASK = regex.compiled(r"@?+[a-z0-9_./-]{1,80}+:(?:dev|start|serve|preview)(?::[a-z0-9_-]{1,40}+)?+: ").match  # turborepo
_WORDS = regex.compiled(r"[a-z]++").findall
_LEVELS = {
    *("trace", "debug", "info", "information", "notice", "warn", "warning", "error", "critical", "fatal", "severe"),
    *("verbose", "log", "http", "access", "inf", "dbg", "wrn", "err", "ftl", "dbug", "crit", "fail"),
}


def split(text: str) -> tuple[str | None, str] | None:
    """Return (stamp, message), None when no logger's head stands before the message."""
    found = _HEAD(text)
    if found is None or found.end() > _LONGEST or found.end() == len(text):
        return None
    head = found[0]
    if not ("[" in head or "(" in head or _CLOCK(head) or not _LEVELS.isdisjoint(_WORDS(head.lower())) or _TASK(head)):
        return None
    stamped = _STAMPED(head)
    return None if stamped is None else stamped[0], text[found.end() :]
