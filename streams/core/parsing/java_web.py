"""Access lines of the JVM's frameworks that are no common log format: Ktor, Vert.x, Spring's filter. Knows no envelope."""

import re

from streams.core.parsing.elapsed import PIECE
from streams.core.parsing.format import Format
from streams.core.parsing.pieces import ADDRESS, METHOD, PATH, QUOTED, STATUS, named
from streams.core.parsing.stamps import clf_ms

_KTOR = rf"(?P<status>{STATUS})\ [A-Za-z'\ -]*?:\ (?P<method>{METHOD})\ -\ (?P<target>{PATH})(?:\ in\ (?P<elapsed>{PIECE}))?"
_VERTX = (
    rf"(?P<ip>{ADDRESS})\ -\ -\ \[(?P<stamp>[A-Z][a-z]{{2}},\ [0-9]{{1,2}}\ [A-Z][a-z]{{2}}\ [0-9]{{4}}\ [0-9:]{{8}}\ [A-Z]{{3}})\]"
    rf'\ "(?P<line>{QUOTED})"\ (?P<status>[0-9]{{3}})\ (?:-|[0-9]++)(?:\ "{QUOTED}"\ "(?P<agent>{QUOTED})")?'
)
_SPRING = (  # Spring writes the query only when it was told to; there is neither status nor time
    rf"After\ request\ \[(?:uri=)?+(?:(?P<method>{METHOD})\ )?(?P<target>/[^,;\]\n\ ]*+)"
    r"(?:[,;]\ ?client=(?P<ip>[^,;\]\n]*+))?(?:[,;][^\n]*+)?+\]?+"
)
_RFC_1123 = re.compile(r"[A-Z][a-z]{2}, ([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9:]{8} [A-Z]{3})").fullmatch


def _rfc_1123_ms(stamp: str | float) -> int | None:
    """Read ``Wed, 27 Nov 2024 06:21:42 GMT``."""
    found = _RFC_1123(stamp) if isinstance(stamp, str) else None
    return None if found is None else clf_ms(f"{found[1]}/{found[2]}/{found[3]}:{found[4]}")


FORMATS = (
    Format("ktor", named(_KTOR), "status and reason, a colon, the method, a dash", 1.0, needle=" - /"),
    Format("vertx", named(_VERTX), "a stamp as in HTTP's headers", 0.0, _rfc_1123_ms, '] "'),
    Format("spring-filter", named(_SPRING), "names itself; no status", needle="After request ["),
)
