"""The common log format and what its servers write as it is: Apache, nginx, HAProxy, morgan, traefik. Knows no envelope.

Strict and fast; what people have made of it is in ``clf_habits``.
"""

from streams.core.parsing import runs
from streams.core.parsing.format import Format, fullmatch
from streams.core.parsing.stamps import any_ms, clf_ms

NEEDLE = '] "'
_QUOTED = r'"[^"]*+"'  # one excluded character is four times as fast to skip as two
# An IPv4 address, a name, or an IPv6 address; with a port, or in brackets, it is a habit.
_CLIENT = r"([0-9.]{1,45}+|[A-Za-z-][A-Za-z0-9._-]{0,254}+|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.%a-z]{0,60}+)"
_HEAD = (  # what follows the stamp is looked at first, so that the stamp can be the last group
    rf"{_CLIENT}\ -\ [^ \[\n]{{1,255}}+\ "
    r'(?=\[[^\]]++\]\ "([A-Z][A-Z-]*+)\ ([^ "\n\x1b]++)\ HTTP/[0-9.]++"\ ([0-9]{3}|-)\ [0-9-]++'
)
_END = r"\Z) \[([^\]]++) (?s:.*+)"
# After referrer and agent the forwarded addresses, unless it is a time in quotes: that is a habit.
_WHO = rf'\ {_QUOTED}\ "([^"]*+)"'  # referrer and agent
_AGENT = rf'{_WHO}(?:\ (?!"[0-9]{{1,6}}\.[0-9]{{3,6}}"){_QUOTED})?+'
_SECONDS = r"([0-9]{1,6}\.[0-9]{3,6})"  # nginx writes three decimals; a bare integer could be anything

_PLAIN = rf"{_HEAD} (?:{_AGENT})?+ () {_END}"
_TIMED = rf'{_HEAD} {_AGENT}\ (?:rt=|request_time=)?+"?+{_SECONDS}"?+ (?:\ u[a-z]{{2}}=[^ \n]++)*+ {_END}'
_TRAEFIK = rf"{_HEAD} {_WHO}\ (?:[0-9]++|-)\ {_QUOTED}\ {_QUOTED}\ ([0-9]++)ms {_END}"
# Two empty fields, the client's port, ms of the second; frontend, backend, server; four timers and the whole.
_HAPROXY = (
    rf'{_HEAD}\ ""\ () ""\ [0-9]++\ [0-9]++\ {_QUOTED}\ {_QUOTED}\ {_QUOTED}\ (?:-?+[0-9]++\ ){{4}}\+?+(-?+[0-9]++)\ '
    rf'"[A-Za-z-]{{2,4}}"\ [^\n]*+ {_END}'
)
# Length of the request and its time; upstream's name and other name, addresses, lengths, times, answers; an id.
_INGRESS = rf"{_HEAD} {_WHO}\ [0-9]++\ {_SECONDS}\ \[[^\]\n]*+\]\ (?:\[[^\]\n]*+\]\ )?+ [^\"\n]*+ {_END}"


_BEGIN = (  # of many lines: the stamp where it stands, and a target that is not looked at closely yet
    rf"{_CLIENT}\ -\ (?:-|[^ \[\n]{{1,255}}+)\ \[([^\]]++)\]\ "
    r'"([A-Z][A-Z-]*+)\ ([^ ]++)\ HTTP/[0-9.]++"\ ([0-9]{3}|-)\ [0-9-]++'
)
_STATUS, _UNCLEAN = 4, '"\x1b'
_PLAIN_RUN = runs.searched(rf"{_BEGIN} (?:{_AGENT})?+", _STATUS, runs.ordered((0, 2, 3, 4, 5, None, 1), _UNCLEAN))
_TIMED_RUN = runs.searched(
    rf'{_BEGIN} {_AGENT}\ (?:rt=|request_time=)?+"?+{_SECONDS}"?+ (?:\ u[a-z]{{2}}=[^ \n]++)*+',
    _STATUS,
    runs.ordered((0, 2, 3, 4, 5, 6, 1), _UNCLEAN),
)


def stamp_ms(stamp: str | float) -> int | None:
    """Read the stamp of the format, or what nginx writes in its place (``$time_iso8601``, ``$msec``)."""
    found = clf_ms(stamp)
    return any_ms(stamp) if found is None else found


FORMATS = (
    Format("clf", fullmatch(_PLAIN), "common or combined: the most frequent text", 0.0, stamp_ms, NEEDLE, run=_PLAIN_RUN),
    Format("clf-time", fullmatch(_TIMED), "ends in seconds, so never the plain one", 1e3, stamp_ms, NEEDLE, run=_TIMED_RUN),
    Format("ingress-nginx", fullmatch(_INGRESS), "two numbers and names in brackets at the end", 1e3, stamp_ms, NEEDLE),
    Format("haproxy-clf", fullmatch(_HAPROXY), "empty fields for referrer and agent, then numbers", 1.0, stamp_ms, NEEDLE),
    Format("traefik", fullmatch(_TRAEFIK), "ends in ms after the service's URL", 1.0, stamp_ms, NEEDLE),
)
