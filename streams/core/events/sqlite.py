"""An app cannot use its SQLite, or what copies it between machines: LiteFS, libSQL. Knows no server of databases."""

from streams.core.events.sign import Sign, sign
from streams.core.values import EventKind

SIGNS: tuple[Sign, ...] = tuple(
    sign(EventKind.DB_CONNECTION, needle, pattern, why)
    for needle, pattern, why in (
        (
            "e is locked",
            r"(?:^|[:)\]0-9] |[\"'=])database (?:table )?is locked(?:$|[\"'):;,.]| \()",
            "SQLite, behind an error's name or alone: another one writes",
        ),
        (
            "find primary",
            r"\bcannot (?:acquire lease or find primary|find primary & ineligible to become primary), retrying: ",
            "LiteFS: nobody may write",
        ),
        ("SERVER_ERROR: ", r"\bSERVER_ERROR: Server returned HTTP status 5[0-9]{2}\b", "libSQL: its server fails"),
    )
)
