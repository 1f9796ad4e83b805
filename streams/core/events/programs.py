"""Programs beside an app say that they or what they run failed: supervisors, queues, databases, games. Knows no cause.

Each has a head of its own before its level; an app's own loggers are in ``errors``.
"""

import re

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_APP = ("app", "")
_DAY = r"[0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2}[ T][0-9:.,]{8,16}"
# klog's head; glog has written a year for some time, CockroachDB the last two figures of it.
_KLOG = r"^[EF](?:[0-9]{8}|[0-9]{6}|[0-9]{4}) [0-9:.]{8,15} {1,10}[0-9]{1,10} "
# Between dashes: where the time is, who says it, in which process; but no other level.
_DASHED = rf"^{_DAY}(?: [+-][0-9]{{4}})? - (?:(?!(?:DEBUG|INFO|WARN|WARNING|ERROR) )[^\s]{{1,100}} - ){{1,3}}"

# Who starts processes, and how one ended.
_SUPERVISORS = (
    (
        "; not expected)",
        r" exited: ([^\s]{1,100}) \((?:exit status [0-9]{1,3}|terminated by [^)\n;]{1,40}); not expected\)",
        "supervisord",
    ),
    ("entered FATAL state", r" gave up: ([^\s]{1,100}) entered FATAL state, too many start retries", "supervisord gives up"),
    (
        "exited with code [",
        r"\bApp \[([^\]\n]{1,100})\](?: with id \[[0-9]{1,6}\] and pid \[[0-9]{1,10}\],)? exited with code \[[1-9]",
        "PM2; with 0 it ended well",
    ),
    (
        "s FAIL",
        r"^ {2}[0-9-]{10} [0-9:]{8} ([A-Z][A-Za-z0-9_\\]{0,120}) \.{3,200} [0-9hms. ]{1,20}s FAIL[ ]*+$",
        "Laravel's queue",
    ),
)
# A level in letters or brackets behind a head.
_LEVELS = (
    *((f"[{level}] ", rf"^\[[0-9]{{1,10}}\] {_DAY} \[{level}\] ", "NATS's server") for level in ("ERR", "FTL")),
    ('{"$date', r"^\{\"t\":\{\"\$date\":\"[^\"\n]{10,40}\"\},\"s\":\"[EF]\"", "MongoDB's server"),
    *(
        (f"<{level}> ", rf"^{_DAY} \[ [0-9]{{1,10}} \] \{{[^}}\n]{{0,100}}\}} <{level}> ", "ClickHouse")
        for level in ("Error", "Fatal")
    ),
    *(
        (f") [{level}] ", rf"^{_DAY} [^\s]{{3,100}}:[0-9]{{1,6}}:[^\s]{{1,80}}\(\) \[{level}\] ", "Gitea, Forgejo")
        for level in "EFC"
    ),
    *(
        (f"/{level}]", rf"^\[[^\]\n]{{8,30}}\] \[[^\]/\n]{{1,60}}/{level}\](?: \[[^\]\n]{{1,80}}\])?: ", "Minecraft's server")
        for level in ("ERROR", "FATAL")
    ),
    *((f" - {level} - ", rf"{_DASHED}{level} - ", "Dagster, Synapse: between dashes") for level in ("ERROR", "CRITICAL")),
    *(
        (
            name,
            rf"{_KLOG}[A-Za-z0-9_./@-]{{1,80}}{re.escape(name)}[0-9]{{1,6}}(?:\]| \u22ee )",
            "klog and glog, CockroachDB",
        )
        for name in (".go:", ".cc:", ".cpp:")
    ),
)
# A runtime ends a process whose memory is no longer sound, or whose error nobody caught.
_RUNTIMES = (
    (
        "terminate called ",
        r"^terminate called (?:after throwing an instance of '([^'\n]{1,100})|without an active exception$)",
        "C++",
    ),
    ("(): invalid ", r"^(?:free|malloc|realloc|munmap_chunk)\(\): invalid (?:pointer|size|next size)", "C's memory"),
    ("free or c", r"^double free or corruption \(", "C's memory"),
    ("stack smashing", r"^\*\*\* stack smashing detected \*\*\*: ", "C's stack"),
    ("Bus error", r"^(?:[^\n]{0,80} )?Bus error(?: \(core dumped\)|$)", "a shell, of the process it ran"),
)

SIGNS: tuple[Sign, ...] = tuple(sign(EventKind.APP_ERROR, *row, *_APP) for row in (*_SUPERVISORS, *_LEVELS, *_RUNTIMES))
