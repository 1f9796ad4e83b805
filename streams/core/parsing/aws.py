"""Access logs of Amazon's balancers, CDN and store: ALB, classic ELB, CloudFront, S3. Knows no envelope."""

import re

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.format import DIGITS, Fields, Format, Row, clean
from streams.core.parsing.stamps import clf_ms, iso_ms

_BALANCED = regex.compiled(
    r"(?:(?:https?|h2|grpcs?|wss?)\ )?+"  # ALB; the classic one says no type
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z)\ [^ \"\n]++\ "
    r"\[?+([0-9A-Za-z.:-]{0,60}?)\]?:[0-9]{1,5}\ [^ \"\n]++\ "
    r"(-1|[0-9]++(?:\.[0-9]++)?+)\ (-1|[0-9]++(?:\.[0-9]++)?+)\ (-1|[0-9]++(?:\.[0-9]++)?+)\ "
    r"([0-9]{3}|-)\ (?:[0-9]{1,3}|-)\ -?+[0-9]++\ -?+[0-9]++"  # what the client got, what the target said
    r"\ \"([^\"\n]*+)\"(?:\ \"([^\"\n]*+)\"(?:\ [^\n]*+)?+)?+",
    re.VERBOSE,
).fullmatch
_STORED = regex.compiled(
    r"(?=[0-9a-f])[^ \"\n]{1,255}+\ [^ \"\n]{1,255}+\ \[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8}\ \+0000)\]\ "
    r"([^ \n]++)\ [^ \"\n]++\ [^ \"\n]++\ [A-Z0-9]++\.[^ \"\n]++\ [^ \n]++\ "  # client, who, id, operation, key
    r"\"([^\"\n]*+)\"\ ([0-9]{3}|-)\ [^ \n]++\ [0-9-]++\ [0-9-]++\ ([0-9]++|-)\ [0-9-]++"  # ..., total time, turn-around
    r"(?:\ (?:\"[^\"\n]*+\"|-)\ (?:\"([^\"\n]*+)\"|-)(?:\ [^\n]*+)?+)?+",
    re.VERBOSE,
).fullmatch
_STATUS = regex.compiled(r"[0-9]{3}").fullmatch
_SECONDS = regex.compiled(r"[0-9]++(?:\.[0-9]++)?+").fullmatch
_DATE = regex.compiled(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_CLOCK = regex.compiled(r"[0-9]{2}:[0-9]{2}:[0-9]{2}").fullmatch
_METHOD = regex.compiled(r"[A-Z]++|-").fullmatch
_MOST_COLUMNS, _TIME_TAKEN = 60, 18  # CloudFront's columns grow at the end; its oldest logs stop before the time


def _balanced(text: str) -> Row | None:
    """Read a balancer's line; one of its TCP listener has neither a request nor an answer.

    The whole is the sum of its three times. Where one is -1 the target was not reached or never answered, and how long the
    client waited is not said.
    """
    found = _BALANCED(text)
    if found is None:
        return None
    stamp, client_ip, *parts, status, line, agent = found.groups()
    method, target = request_line.split(line)
    if method is None and status == "-":
        return None
    took_ms = None if "-1" in parts else round(sum(map(float, parts)) * 1e3, 6)
    return Fields(client_ip, method, request_line.path_of(target), status, took_ms, stamp, agent)


def _at_the_edge(text: str) -> Row | None:
    """Read CloudFront's columns; the agent is percent-encoded there and stays so."""
    columns = text.split("\t", _MOST_COLUMNS)
    if not 12 <= len(columns) <= _MOST_COLUMNS:
        return None
    date, clock, edge, _, client_ip, method, _, stem, status, _, agent, query = columns[:12]
    if not (_DATE(date) and _CLOCK(clock) and _METHOD(method) and _STATUS(status) and edge[:3].isalpha()):
        return None
    took = columns[_TIME_TAKEN] if len(columns) > _TIME_TAKEN and _SECONDS(columns[_TIME_TAKEN]) else None
    target = stem if query in {"", "-"} else f"{stem}?{query}"
    return Fields(client_ip, method, target, status, took, f"{date}T{clock}Z", agent)


def _stored(text: str) -> Row | None:
    """Read S3's line; what the store does by itself (expiry, batches) has no request."""
    found = _STORED(text)
    if found is None:
        return None
    stamp, client_ip, line, status, took, agent = found.groups()
    if line == "-":
        return None
    method, target = request_line.split(line)
    return Fields(client_ip, method, target, status, took, stamp, agent)


FORMATS = (
    Format(
        "aws-elb",
        clean(_balanced),
        "a stamp, two addresses with ports, three times",
        1.0,
        iso_ms,
        needle=' "',
        begins=f"{DIGITS}hgw",
    ),
    Format("s3", clean(_stored), "an operation before the request", 1.0, clf_ms, needle=" +0000] ", begins=f"{DIGITS}abcdef"),
    Format(
        "cloudfront",
        clean(_at_the_edge),
        "columns by tabs that begin with a date and a time",
        1e3,
        iso_ms,
        needle="\t",
        begins=DIGITS,
    ),
)
