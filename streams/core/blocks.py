"""What an instance is telling of one request over indented lines: kept between them. Knows no format and no clock."""

from msgspec import Struct, structs

FORGOTTEN_MS = 60_000  # so long after it began, and no line came since


class Block(Struct, frozen=True, gc=False):
    """Where in the block the next line stands, and what has been told so far."""

    inside: str = ""  # the object that is open
    id: str = ""
    process: str = ""
    method: str | None = None
    target: str | None = None
    client_ip: str | None = None
    sure: int = 0  # how sure the client's address is: a proxy's word counts more than the peer
    status: int | None = None
    stamp_ms: int | None = None
    at_ms: int | None = None  # when it was begun
    lines: int = 0

    def left(self, before_ms: int) -> "Block | None":
        """Return what is still to be remembered; what came without a time ages from now on."""
        if self.at_ms is None:
            return structs.replace(self, at_ms=before_ms)
        return None if self.at_ms + FORGOTTEN_MS < before_ms else self
