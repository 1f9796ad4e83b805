"""Why a request is refused: a status, a kind that is counted, a sentence for its sender. Knows no HTTP server."""


class Refused(Exception):
    """A request that is not taken. ``retry_s``: when to come again, None where that would be in vain."""

    def __init__(self, status: int, kind: str, reason: str, retry_s: int | None = None, *, close: bool = False) -> None:
        """``kind`` is one of few words, ``reason`` one line; ``close``: the connection is of no more use."""
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.retry_s = retry_s
        self.close = close


def too_large(most_bytes: int) -> Refused:
    """Say that a body is longer than it may be."""
    return Refused(413, "too_large", f"the body is longer than {most_bytes} bytes", close=True)


def too_many_lines(most: int) -> Refused:
    """Say that a request holds more lines than it may."""
    return Refused(413, "too_many_lines", f"more than {most} lines in one request")


def busy(reason: str) -> Refused:
    """Say that what was taken before is not safe yet."""
    return Refused(429, "busy", reason, retry_s=1)
