"""What a target means once it is decoded, however it was disguised, and how a word may look before. Knows no rule.

Attackers write ``..%2f``, ``..%252f``, ``%c0%ae``, ``%u002e``; servers write quotes and control characters as ``\\x22``. So
rules look at what a server would understand in the end, and a first look knows the disguises of its words.
"""

import re

READ_CHARS = 4_000  # of a target; what stands behind does not count
_WRITTEN = re.compile(rb"\\x([0-9A-Fa-f]{2})").sub
_IIS = re.compile(rb"%u00([0-9A-Fa-f]{2})").sub
# As urllib's unquote_to_bytes, which takes three times as long where percents stand alone.
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})").sub
_HEX = b"0123456789abcdefABCDEF"
_BYTES = {bytes((high, low)): bytes((int(bytes((high, low)), 16),)) for high in _HEX for low in _HEX}
# Overlong forms that old decoders took for a dot, a slash and a backslash; comments that stand for blanks in SQL.
_FOLDED = ((b"\xc0\xae", b"."), (b"\xc0\xaf", b"/"), (b"\xc1\x9c", b"\\"), (b"/**/", b" "))
# What no client writes unless it hides something: encoded letters, digits and ends of lines, a percent encoded once more,
# overlong forms, the server's own escapes of ASCII.
ODD = r"%(?:25[2-7][0-9a-f]|25c[01]|3[0-9]|[46][1-9a-f]|[57][0-9a]|c[01]%|u00|0[0ad])|\\x[0-7][0-9a-f]|/\*\*/"
_BLANK = r"(?: |\+|%20|%09|%0a)"


def decoded(target: str) -> bytes:
    """Return the bytes that a target stands for: decoded twice, the server's escapes and old tricks undone."""
    raw = target[:READ_CHARS].encode("utf-8", "replace")
    if b"\\x" in raw:
        raw = _WRITTEN(_byte, raw)
    for _ in range(2):
        if b"%" not in raw:
            break
        raw = _ENCODED(_byte, _IIS(_byte, raw) if b"%u00" in raw else raw)
    head, mark, query = raw.partition(b"?")
    raw = head + mark + query.replace(b"+", b" ")
    for disguise, meant in _FOLDED:
        raw = raw.replace(disguise, meant)
    return raw


def disguised(words: tuple[str, ...]) -> str:
    """Return a pattern that finds any of some words in raw targets, with each character as it is or encoded."""
    return "|".join("".join(map(_spelt, word.encode())) for word in words)


def undisguised(words: tuple[str, ...]) -> str:
    """Return a pattern that finds any of some words in decoded targets, whatever stands for a blank."""
    return "|".join(_escaped(decoded(word)).replace(_escaped(b" "), r"\s") for word in words)


def plain(words: tuple[str, ...]) -> str:
    """Return a pattern of some words as they are."""
    return "|".join(_escaped(word.encode()) for word in words)


def exact(pattern: str) -> str:
    """Return a pattern to which capitals and small letters are not the same."""
    return f"(?-i:{pattern})"


def _byte(found: re.Match[bytes]) -> bytes:
    return _BYTES[found[1]]


def _spelt(byte: int) -> str:
    char = chr(byte)
    if byte < 128 and (char.isalnum() or char in "_-"):
        return _escaped(bytes((byte,)))
    return _BLANK if char == " " else f"(?:{_escaped(bytes((byte,)))}|%{byte:02x})"


def _escaped(text: bytes) -> str:
    return "".join(chr(byte) if byte < 128 and chr(byte).isalnum() else f"\\x{byte:02x}" for byte in text)
