"""Compiles regular expressions, around a fault of older Pythons. Knows no pattern.

Before 3.11.5 a possessive repeat of a group, ``(...)?+``, can refuse what it should take (CPython issue 100061). An atomic
group around the same repeat means the same and is sound: ``(?>(...)?)``. Debian 12 has such a Python.
"""

import re
import sys

SOUND = (3, 11, 5)
_REPEAT = re.compile(r"(?:[?*+]|\{[0-9]*,?[0-9]*\})\+").match


def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what ``re.compile`` returns, on every Python from 3.11 on."""
    return re.compile(pattern if sys.version_info >= SOUND else atomic(pattern), flags)


def atomic(pattern: str) -> str:
    """Return a pattern with atomic groups in place of possessive repeats of groups."""
    out: list[str] = []
    begins: list[int] = []
    at, in_set = 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            out.append(pattern[at : at + 2])
            at += 2
            continue
        out.append(char)
        at += 1
        if in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
            end = at + pattern.startswith("^", at)
            if pattern.startswith("]", end):  # a bracket that stands first is one of the set
                out.append(pattern[at : end + 1])
                at = end + 1
        elif char == "(":
            begins.append(len(out) - 1)
        elif char == ")":
            begin = begins.pop()
            if repeat := _REPEAT(pattern, at):
                out[begin] = "(?>" + out[begin]
                out.append(repeat[0][:-1] + ")")
                at = repeat.end()
    return "".join(out)
