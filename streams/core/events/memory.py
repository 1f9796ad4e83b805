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
        ("Allowed memory size", r"\bAllowed memory size of [0-9]+ bytes exhausted\b", "PHP, by its own limit"),
    )
)
