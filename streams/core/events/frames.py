"""What a line is to the stack trace before it: a frame, a part of one, a word between. Knows no error and no state.

Each language prints its frames in its own way; where two look alike, what was said before tells them apart.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from streams.core import regex
from streams.core.lazily import Lazily

REPEATED_CHARS = 300
READ_CHARS = 600  # a frame is told at the beginning of its line
FRAME_CHARS = 200


class Role(StrEnum):
    """What a line does in a trace."""

    OPENER = "opener"  # a trace begins, and its error is named behind its frames
    FRAME = "frame"
    NAME = "name"  # a function: where that is, the next line says
    PLACE = "place"  # where the function of the line before is
    DOUBT = "doubt"  # words that name an error: a trace begins if frames follow
    MORE = "more"  # belongs to the trace and says nothing of where


class Speech(StrEnum):
    """Who prints the trace, as far as that says how its next lines are to be read."""

    ANY = ""
    PYTHON = "python"  # the most recent call comes last
    GO = "go"
    RUST = "rust"
    BEAM = "beam"  # Elixir and Erlang


class Piece(Struct, frozen=True, gc=False):
    """A line of a trace."""

    role: Role
    text: str = ""
    speech: Speech = Speech.ANY


class _Shape(Struct, frozen=True):
    role: Role
    pattern: str
    why: str
    only: Speech = Speech.ANY  # read so only in a trace of this one
    speech: Speech = Speech.ANY  # and from here on


_SHAPES = (
    _Shape(
        Role.OPENER,
        r"(?!\{)[^\n]{0,200}?Traceback \(most recent call last\):?[ \r]*+$",
        "Python, also behind a logger's head and in a group",
        speech=Speech.PYTHON,
    ),
    _Shape(Role.FRAME, r"[ |+>]*+(File \"[^\"\n]++\", line [0-9]++(?:, in [^\n]++)?+)", "Python; loguru marks one"),
    _Shape(Role.MORE, r"#[0-9]++ \{main\}", "PHP: the end"),
    _Shape(Role.FRAME, r"(?:#[0-9]++|PHP ++[0-9]++\.) ++([^\n]++)", "PHP"),
    _Shape(Role.FRAME, r"[ \t]++in (?:function|call from) ++([^\n]++)", "Erlang"),
    _Shape(Role.FRAME, r"[ \t\[(]*+(\{[a-z'][^,\n]*+,[^,\n]++,[^,\n]++, *+\[\{file,[^\n]++)", "Erlang, a term"),
    _Shape(
        Role.FRAME,
        r"[ \t]++((?:\([a-z_0-9]++(?: [0-9][^)\n ]*+)?+\) )?+[^ :()\n]{1,200}\.(?:exs?|erl|h?eex|leex):[0-9]++: [^\n]++)",
        "Elixir",
    ),
    _Shape(
        Role.FRAME,
        r"[ \t]++(\([a-z_0-9]++(?:(?: [0-9][^)\n ]*+)?+\) [A-Z:][^\n (/]*+/[0-9]++"
        r"| [0-9][^)\n ]*+\) [A-Z:][^\n (/]*+\([^\n]*+))",
        "Elixir without a place; with what the function was given only behind a version",
    ),
    _Shape(
        Role.FRAME,
        r"[ \t]*+(?:[0-9]{1,4}: )?+(?:from )?+"
        r"((?:[a-z][A-Za-z0-9_-]*+ \([0-9][^)\n]*+\) )?+(?:<internal:[^>\n]++>|[^\s:\[][^:\n]*+):[0-9]++:in [`'][^'\n]*+') *+$",
        "Ruby; Rails writes a gem's name before its path",
    ),
    _Shape(Role.FRAME, r"((?:/|app/|lib/)[^\s:]{1,300}\.(?:erb|haml|slim|jbuilder|builder):[0-9]++) *+$", "Rails: a template"),
    _Shape(Role.NAME, r" {1,8}[0-9]++: ++(?:0x[0-9a-f]++ - )?+([^\n]++)", "Rust", Speech.RUST),
    _Shape(Role.PLACE, r" ++at ([^\n]++)", "Rust", Speech.RUST),
    _Shape(Role.FRAME, r"[ \t]++at (?:async )?+([^\n]++)", "JavaScript, Java, .NET"),
    _Shape(Role.FRAME, r"at ([^ (\n]++(?: \[as [^\]\n]++\])? \([^()\n]*?:[0-9]++(?::[0-9]++)?\))", "the same, trimmed"),
    _Shape(Role.PLACE, r"\t([^\s:]{1,300}\.(?:go|s|c):[0-9]++)(?: \+0x[0-9a-f]++)?+$", "Go"),
    _Shape(
        Role.NAME,
        r"(?:created by )?+(?=[^\n]{0,300}?[.(])((?:[A-Za-z0-9_.~%/-]++|\(\*[^()\n]++\)|\[\.\.\.\])++)"
        r"(?:\([^\n]*+|(?: in goroutine [0-9]++)?+)$",
        "Go",
        Speech.GO,
    ),
    _Shape(Role.NAME, r"([A-Za-z0-9_~/-]++[./][A-Za-z0-9_./~*()\[\]-]++)$", "Go, as zap prints it"),
    _Shape(Role.MORE, r"goroutine [0-9]++ (?:gp=[^\n]++)?\[", "Go", speech=Speech.GO),
    _Shape(Role.PLACE, r"Location: ++([^\s:]++:[0-9]++)", "Rust, by color-eyre", Speech.RUST),
    _Shape(Role.MORE, r"[sS]tack backtrace:", "Rust", speech=Speech.RUST),
    _Shape(Role.MORE, r"[ \t|+]*+(?:Caused by:(?: |$)|Suppressed: |\.\.\. [0-9]++ (?:more|common frames omitted))", "Java"),
    _Shape(Role.MORE, r" ++---> |[ \t]*+--- End of ", ".NET: an inner error"),
    _Shape(
        Role.MORE,
        r"(?:During handling of the above exception|The above exception was the direct cause)",
        "Python: another error follows",
        speech=Speech.PYTHON,
    ),
    _Shape(
        Role.MORE,
        r"(?:Stack trace:|PHP Stack trace:|\[stacktrace\]|\[previous exception\]|Next [A-Z][A-Za-z\\]{2,60}: |\"\} *+$)",
        "PHP",
    ),
    _Shape(
        Role.MORE,
        r"(?:Last message|State: |Server: |Request: |Client |Ancestors: |Initial Call: |Function: |Process Label: "
        r"|Message Queue|Messages: |Links: |Dictionary: |Neighbours:|Start Call: |\*\* \([a-z]|Error in process <"
        r"|(?!\[(?:debug|info|notice|warn(?:ing)?|error|critical|alert|emergency)\] |\[[0-9-]{0,10}[T ]?[0-9]{2}:)[\[{])",
        "Elixir and Erlang",
        Speech.BEAM,
    ),
    _Shape(
        Role.MORE, r"(?:note: (?:run with|Some details)|\[signal |exit status [0-9]|Node\.js v[0-9]|[\]})]++[,;]?$)", "ends"
    ),
)


@lru_cache(len(Speech))
def _first(speech: Speech) -> Callable[[str], re.Match[str] | None]:
    """Return a match for the first shape that fits, as one pattern: most lines are none, and one by one they took 9 us."""
    rows = [f"(?P<s{place}>{shape.pattern})" for place, shape in enumerate(_SHAPES) if shape.only in {Speech.ANY, speech}]
    return regex.compiled("|".join(rows)).match


_LIBRARY = Lazily(
    r"""node_modules/|\(?node:|\(?internal/|\(?<anonymous>\)?$|native\)?$|webpack/bootstrap
    |(?:^|\()(?:ext:|\$deno\$/)|deno\.land/std\b
    |(?:site|dist)-packages/|/lib/python[0-9.]++/|<frozen\ |/gems/|/lib/ruby/|^[a-z][A-Za-z0-9_-]*+\ \([0-9]|<internal:
    |^(?:[A-Za-z0-9_.@-]*+/{1,2})?(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|akka|clojure|groovy|reactor)\.
    |^(?:[A-Za-z0-9_.@-]*+/{1,2})?(?:org\.(?:springframework|apache|hibernate|eclipse|jboss|postgresql|junit)|io\.(?:netty|ktor
        |micronaut|quarkus|undertow|vertx)|com\.(?:zaxxer|fasterxml|google|mysql|mongodb)|ch\.qos)\.
    |^(?:System|Microsoft|Npgsql|Newtonsoft|MySqlConnector|Serilog|StackExchange)\.
    |/usr/local/go/|/usr/lib/go|/go/pkg/mod/|^(?:runtime|net/http|reflect|testing|syscall|database/sql)\.|^panic\b
    |/vendor/|^\[internal\ function\]|/rustc/|\.cargo/|^<?(?:std|core|alloc|tokio|hyper|futures[a-z_]*+)::|^rust_
    |^_*+(?:main|start)$
    |^\((?:elixir|stdlib|kernel|logger|mix|ex_unit|phoenix[a-z_]*+|plug[a-z_]*+|cowboy[a-z_]*+|bandit|thousand_island|ecto[a-z_]*+
        |db_connection|postgrex|myxql|oban|telemetry|finch|mint|tesla|req|absinthe[a-z_]*+)[\ )]
    |\b(?:gen_server|proc_lib|supervisor)\.erl
    """,
    re.VERBOSE,
)
# Where an error was raised, as its own line says: Rust, PHP, Ruby.
_LOCATED = (
    ("panicked at", Lazily(r"panicked at (?:'[^'\n]*+', )?+([^\s:]++:[0-9]++:[0-9]++)")),
    ("atal error:", Lazily(r" in (/[^\s:]++(?::| on line )[0-9]++)")),
    (":in ", Lazily(r"^([^\s:]++:[0-9]++:in [`'][^'\n]++'): ")),
)
# A first look at indented lines, most of which are no frames.
_may_be_stray = regex.compiled(
    r"[ \t]++(?:at |File \"|from |in (?:function|call) |[\[({]|[0-9]{1,4}: |[^ :\n]{1,300}:[0-9]{1,7}(?::| |$)"
    r"|[a-z][^ \n]{0,80} \([0-9])"
).match


@lru_cache(len(_SHAPES))
def _has_group(pattern: str) -> bool:
    return regex.compiled(pattern).groups > 0


def read(text: str, speech: Speech = Speech.ANY) -> Piece | None:
    """Return what a line is to an open trace of this speech; None when it is nothing of one."""
    found = _first(speech)(text[:READ_CHARS])
    if found is None:
        return None
    shape = _SHAPES[int((found.lastgroup or "")[1:])]
    said = found[(found.lastindex or 0) + 1] if _has_group(shape.pattern) else ""
    return Piece(shape.role, said.removesuffix(" {").strip()[:FRAME_CHARS], shape.speech)


def is_stray(text: str) -> bool:
    """Tell whether a line is a frame of a trace that nobody saw begin: those that are indented."""
    if _may_be_stray(text) is None:
        return False
    return _remembered(text) if len(text) <= REPEATED_CHARS else _stray(text)


def _stray(text: str) -> bool:
    found = read(text)
    return found is not None and found.role in {Role.FRAME, Role.PLACE}


_remembered = lru_cache(4_096)(_stray)  # the same frames come again with every error


def is_own(frame: str) -> bool:
    """Tell an app's own code from a library's, as far as a frame shows."""
    return _LIBRARY.search(frame) is None


def located(text: str) -> str | None:
    """Return the frame that an error's own line tells, None where it tells none."""
    for needle, pattern in _LOCATED:
        if needle in text and (found := pattern.search(text[:READ_CHARS])):
            return found[1][:FRAME_CHARS]
    return None
