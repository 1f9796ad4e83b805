"""Puts the text formats of application frameworks in order. Knows no single line."""

from streams.core import regex
from streams.core.parsing import (
    dotnet,
    go_loggers,
    go_web,
    java_web,
    node_web,
    other_web,
    php_web,
    python_web,
    ruby_web,
    rust_web,
    side_proxies,
)
from streams.core.parsing.format import Format

# What tolerant readers of the common log format, and of pairs, would take as well: they have to refuse it.
OF_CLF: tuple[Format, ...] = (*python_web.OF_CLF, *ruby_web.OF_CLF, *java_web.OF_CLF)
OF_PAIRS: tuple[Format, ...] = (*rust_web.OF_PAIRS, *go_loggers.OF_PAIRS)
HEADED: tuple[Format, ...] = python_web.HEADED  # only behind a logger's head: too little to be sure without
_ALL = (
    *python_web.FORMATS,
    *ruby_web.FORMATS,
    *dotnet.FORMATS,
    *go_web.FORMATS,
    *go_loggers.FORMATS,
    *rust_web.FORMATS,
    *node_web.FORMATS,
    *php_web.FORMATS,
    *java_web.FORMATS,
    *side_proxies.FORMATS,
    *other_web.FORMATS,
)
# Those with the same needle side by side, so that one look turns a line away from all of them: each is strict, and in
# any order they say the same.
FORMATS: tuple[Format, ...] = tuple(sorted(_ALL, key=lambda fmt: fmt.needle))

# One of these is in every line of every format above, and in what stands behind a head. One search turns most other lines
# away from all of them; words that begin alike share their beginning, which makes it faster.
MAY_BE = (
    r"GET |H(?:EAD |TTP[/ ])|P(?:OST|UT|ATCH) |DELETE |OPTIONS |TRACE |CONNECT |\](?: \"| /|: /| s3\.)|\[(?:GIN|GET|response)"
    r"|-- Comp|us(?:_code)?=|\.\.\. |\{\"|After req|\|/|Finished :|incoming request: m|response status f|  Status: "
    "|\u2500 /"
)
# The same, so that no character is tried as a beginning twice.
may_be = regex.compiled(MAY_BE.replace("CONNECT ", "C(?:ONNECT |omp(?<=-- Comp))").replace("|-- Comp", "")).search
