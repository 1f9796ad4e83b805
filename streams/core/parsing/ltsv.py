"""Labelled columns by tabs (LTSV), as nginx, Apache and Rack applications write their access logs. Knows no envelope."""

from streams.core import regex
from streams.core.parsing import request_line
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.stamps import any_ms

NEEDLE = "status:"
_MOST_COLUMNS = 100
_STATUS = regex.compiled(r"[0-9]{1,3}|-").fullmatch
_METHOD = regex.compiled(r"[A-Z][A-Z_-]{1,23}|-").fullmatch
_NUMBER = regex.compiled(r"[0-9]++(?:\.[0-9]++)?+").fullmatch

# The labels that the format's page recommends come first, then nginx's own names.
_CLIENTS = ("host", "remote_addr", "remote_host", "addr", "ip", "client_ip")
_METHODS = ("method", "request_method")
_TARGETS = ("uri", "request_uri", "url", "path")
_LINES = ("req", "request")
_AGENTS = ("ua", "user_agent", "http_user_agent", "useragent", "agent")
_STAMPS = ("time", "time_local", "time_iso8601", "timestamp", "msec", "time_ngx")
# (label, what 1 is in ms): of the whole request, not of the application behind (apptime, runtime)
_TIMES = (
    ("reqtime", 1e3),
    ("request_time", 1e3),
    ("req_time", 1e3),
    ("response_time", 1e3),
    ("reqtime_microsec", 1e-3),
    ("reqtime_ms", 1.0),
    ("taken_sec", 1e3),
)


def match(text: str) -> Row | None:
    """Return the row of a line whose labels are those of a request."""
    if text[:1] == "{":
        return None  # a document, whatever it holds
    told: dict[str, str] = {}
    for column in text.split("\t", _MOST_COLUMNS):
        label, _, value = column.partition(":")
        told.setdefault(label, value)
    status = told.get("status", "")
    if len(told) < 3 or not _STATUS(status):
        return None
    method, target = _first(told, _METHODS), _first(told, _TARGETS)
    if method is None and (line := _first(told, _LINES)) is not None:
        method, target = request_line.split(line.strip('"'))
    elif method is None or target is None or not _METHOD(method):
        return None
    elif (query := told.get("query", "-").lstrip("?")) not in {"", "-"} and "?" not in target:
        target = f"{target}?{query}"
    client_ip = (_first(told, _CLIENTS) or "").split(",", 1)[0]
    stamp = (_first(told, _STAMPS) or "").strip("[]")
    return Fields(client_ip, method, target, status, _took_ms(told), stamp, _first(told, _AGENTS))


def _first(told: dict[str, str], labels: tuple[str, ...]) -> str | None:
    return next((told[label] for label in labels if label in told), None)


def _took_ms(told: dict[str, str]) -> float | None:
    for label, unit_ms in _TIMES:
        if label in told and _NUMBER(told[label]):
            return float(told[label]) * unit_ms
    return None


FORMATS = (Format("ltsv", clean(match), "labels before the columns", 1.0, any_ms, needle=NEEDLE),)
