"""What a target means once it is decoded, however it was disguised, and how a word may look before. Knows no rule.

Attackers write ``..%2f``, ``..%252f``, ``%c0%ae``, ``%u002e``; servers write quotes and control characters as ``\\x22``. So
rules look at what a server would understand in the end, and a first look knows the disguises of its words.
"""

import re
from collections.abc import Callable
from functools import cache

_Tree = dict[int, "_Tree"]  # of words: what may follow each byte
READ_CHARS = 4_000  # of a target; what stands behind does not count


def _read(mark: bytes) -> Callable[[bytes], bytes]:
    """Return what reads bytes that are written as a mark and two digits, a run of them at once."""
    one = re.escape(mark) + rb"[0-9A-Fa-f]{2}"
    sub = re.compile(one + rb"(?:" + one + rb")*").sub  # begins with the mark, so that this is what is searched for
    return lambda raw: sub(lambda run: bytes.fromhex(run[0].replace(mark, b"").decode()), raw)


_WRITTEN, _IIS, _ENCODED = _read(b"\\x"), _read(b"%u00"), _read(b"%")
# Overlong forms that old decoders took for a dot, a slash and a backslash; comments that stand for blanks in SQL.
_FOLDED = ((b"\xc0\xae", b"."), (b"\xc0\xaf", b"/"), (b"\xc1\x9c", b"\\"), (b"/**/", b" "))
# What no client writes unless it hides something: encoded letters, digits and ends of lines, a percent encoded once more,
# overlong forms, the server's own escapes of ASCII.
ODD = r"%(?:25[2-7][0-9a-f]|25c[01]|3[0-9]|[46][1-9a-f]|[57][0-9a]|c[01]%|u00|0[0ad])|\\x[0-7][0-9a-f]|/\*\*/"
_END = -1  # of a word
_BLANK = r"(?: |\+|%20|%09|%0a)"


def decoded(target: str) -> bytes:
    """Return the bytes that a target stands for: decoded twice, the server's escapes and old tricks undone."""
    raw = target[:READ_CHARS].encode("utf-8", "replace")
    if b"\\x" in raw:
        raw = _WRITTEN(raw)
    for _ in range(2):
        if b"%" not in raw:
            break
        raw = _ENCODED(_IIS(raw) if b"%u00" in raw else raw)
    head, mark, query = raw.partition(b"?")
    raw = head + mark + query.replace(b"+", b" ")
    for disguise, meant in _FOLDED:
        raw = raw.replace(disguise, meant)
    return raw


def disguised(words: tuple[str, ...]) -> str:
    """Return a pattern that finds any of some words in raw targets, with each character as it is or encoded.

    What words begin with alike is written once: a pattern of half the size, as an engine needs memory by it.
    """
    tree: _Tree = {}
    for word in words:
        at = tree
        for byte in word.encode():
            at = at.setdefault(byte, {})
        at[_END] = {}
    return _spelt_out(tree) if words else ""


def undisguised(words: tuple[str, ...]) -> str:
    """Return a pattern that finds any of some words in decoded targets, whatever stands for a blank."""
    return "|".join(_escaped(decoded(word)).replace(_escaped(b" "), r"\s") for word in words)


def plain(words: tuple[str, ...]) -> str:
    """Return a pattern of some words as they are."""
    return "|".join(_escaped(word.encode()) for word in words)


def exact(pattern: str) -> str:
    """Return a pattern to which capitals and small letters are not the same."""
    return f"(?-i:{pattern})"


def _spelt_out(tree: _Tree) -> str:
    if _END in tree:  # a longer word that begins so is found with it
        return ""
    several = [_spelt(byte) + _spelt_out(rest) for byte, rest in tree.items()]
    return several[0] if len(several) == 1 else f"(?:{'|'.join(several)})"


@cache
def _spelt(byte: int) -> str:
    char = chr(byte)
    if byte < 128 and (char.isalnum() or char in "_-"):
        return _escaped(bytes((byte,)))
    return _BLANK if char == " " else f"(?:{_escaped(bytes((byte,)))}|%{byte:02x})"


def _escaped(text: bytes) -> str:
    return "".join(map(_as_it_is, text))


@cache
def _as_it_is(byte: int) -> str:
    return chr(byte) if byte < 128 and chr(byte).isalnum() else f"\\x{byte:02x}"
