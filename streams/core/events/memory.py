"""A process ends for want of memory, in the words of its own runtime. Knows no kernel and no Fly words."""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

SIGNS: tuple[Sign, ...] = tuple(
    sign(EventKind.OOM, needle, pattern, why)
    for needle, pattern, why in (
        ("OutOfMemoryError", r"\bjava\.lang\.OutOfMemoryError(?:: [^\s]|[\s\"\\]|$)", "Java; not a flag that names it"),
        ("OutOfMemoryException", r"\bSystem\.OutOfMemoryException: ", ".NET"),
        ("_alloc: Cannot ", r"\b(?:eheap|binary|ets|ll|sl|std)_alloc: Cannot (?:re)?allocate [0-9]+ bytes\b", "Erlang"),
        ("memory allocation of", r"^memory allocation of [0-9]+ bytes failed\b", "Rust"),
        ("fatal error: runtime: ", r"^fatal error: runtime: (?:out of memory|cannot allocate memory)\b", "Go"),
        ("was sent SIGKILL", r"\bWorker \(pid:[0-9]{1,10}\) was sent SIGKILL! Perhaps out of", "gunicorn, of a worker"),
        (
            "by signal 9: Killed",
            r"\bserver process \(PID [0-9]{1,10}\) was terminated by signal 9: Killed\b",
            "PostgreSQL, of a process that nobody there ends so",
        ),
        ("Out Of Memory allocating", r"# Out Of Memory allocating [0-9]+ bytes", "Redis"),
        ("fork: Cannot allocate memory", r"\bCan't (?:save|rewrite)[^\n]{0,60}: fork: Cannot allocate memory", "Redis"),
        ("Allowed memory size", r"\bAllowed memory size of [0-9]+ bytes exhausted\b", "PHP, by its own limit"),
    )
)
