"""An app says that it failed: loggers' levels, errors by their class, panics. Knows no cause.

The line that names the error is the event; its frames are not. What a logger prints indented belongs to what stands above it.
"""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

_APP = ("app", "")
_TAGS = r"^(?:\[[^\]\n]{1,60}\] ?){0,4}"
_BEFORE = r"(?:Exception in thread \"[^\"\n]{0,60}\" |Unhandled exception\. |Uncaught |PHP )?"
_CLASS = r"(?:[A-Za-z_][A-Za-z0-9_]{0,60}(?:\.|::|\$|\\)){0,8}[A-Za-z0-9_]{0,60}"
_LEVELS = r"(?:ERROR|FATAL|CRITICAL|EMERGENCY|ALERT)"
_STAMP = r"(?:[^\s]{1,40} ){0,3}"  # a date, a time, a thread before the level

SIGNS: tuple[Sign, ...] = tuple(
    sign(EventKind.APP_ERROR, needle, pattern, why, *_APP)
    for needle, pattern, why in (
        ("RROR", r"^E, \[", "Ruby's logger"),
        ("FATAL", r"^F, \[", "Ruby's logger"),
        (
            "rror",
            _TAGS + r"(?:Uncaught |Unhandled |\u2a2f |\(node:[0-9]+\) )?(" + _CLASS + r"Error)(?::| \(|$)",
            "by its class: JavaScript, Python, Ruby",
        ),
        (
            "xception",
            _TAGS
            + r"(?:Exception in thread \"[^\"\n]{0,60}\" |Unhandled exception\. |Uncaught |PHP )?("
            + _CLASS
            + r"Exception)(?::| \(|$)",
            "by its class: Java, .NET, PHP",
        ),
        ("panic", r"^(?:panic: |fatal error: |thread '[^'\n]{0,60}' (?:\([0-9]+\) )?panicked at )", "Go and Rust"),
        ("panic", r"^[^\n]{0,80}\bhttp: panic serving\b", "Go's server"),
        ("atal error", r"(?:PHP )?Fatal error: ", "PHP"),
        ("** (", r"^(?:[^\n]{0,80}\[error\][^\n]{0,80})?\*\* \(([A-Z][A-Za-z0-9_.]{1,60})\)", "Elixir"),
        ("rror]", r"^[^\n]{0,60}?\[(?:[Ee]rror|crit|alert|emerg)\] [^\s]", "nginx, Apache, Elixir"),
        ("RROR", rf"^{_STAMP}[\[(]?{_LEVELS}[\])]?(?:$|[:\s|-])", "a logger's level"),
        ("RITICAL", rf"^{_STAMP}[\[(]?{_LEVELS}[\])]?(?:$|[:\s|-])", "a logger's level"),
        ("FATAL", rf"^{_STAMP}[\[(]?{_LEVELS}[\])]?(?:$|[:\s|-])", "a logger's level"),
        (
            "level",
            r"^\{[^\n]{0,400}?\"(?:level|severity|log\.level)\": ?(?:\"(?i:error|fatal|critical)\"|[56]0\b)",
            "a JSON logger's level",
        ),
        ("severity", r"^\{[^\n]{0,400}?\"severity\": ?\"(?:ERROR|CRITICAL|ALERT|EMERGENCY)\"", "Google's JSON"),
        ("level=", r"^(?:[^\s]{1,60} ){0,3}level=\"?(?:error|fatal|panic|ERROR|dpanic)\b", "logfmt's level"),
        ("rror: ", r"^[^\s][^\n]{0,120}?\b[Ee]rror: [^\s]", "in words; an indented one is a part of something"),
    )
)
