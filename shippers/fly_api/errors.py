"""Why Fly's logs API did not answer as asked: a closed list, each counted, with what to do about it. Knows no socket."""

from enum import StrEnum


class Kind(StrEnum):
    """What can go wrong: closed, and every member is counted."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    GONE = "gone"  # older than what the API keeps
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    GARBAGE = "garbage"
    TOO_LARGE = "too_large"


# Of answers; what is not here is SERVER_ERROR from 500 on, else REFUSED.
KINDS = {401: Kind.UNAUTHORIZED, 403: Kind.FORBIDDEN, 404: Kind.NOT_FOUND, 410: Kind.GONE, 429: Kind.RATE_LIMITED}
# Those that pass by themselves; the others stay as they are until somebody mends them.
PASSING = {Kind.RATE_LIMITED, Kind.SERVER_ERROR, Kind.UNREACHABLE, Kind.TIMEOUT, Kind.GARBAGE}
_REMEDIES = {
    Kind.UNAUTHORIZED: "the token is not known: set FLY_API_TOKEN to what `fly tokens create org` prints",
    Kind.FORBIDDEN: "the token may not read this app: make one for its organisation with `fly tokens create org`",
    Kind.NOT_FOUND: "there is no such app, or this token may not see it: `fly apps list` shows their names",
    Kind.GONE: "the API keeps about 15 days, and nothing that old",
    Kind.REFUSED: "the API does not take this question",
    Kind.RATE_LIMITED: "too many questions for this token",
    Kind.SERVER_ERROR: "the API fails",
    Kind.UNREACHABLE: "cannot be reached",
    Kind.TIMEOUT: "did not answer in time",
    Kind.GARBAGE: "the answer is not the API's: check [api] base",
    Kind.TOO_LARGE: "the answer is too large",
}


class ApiError(Exception):
    """The API did not give a page; ``kind`` says why. The message never holds the token."""

    def __init__(self, kind: Kind, detail: str = "", wait_s: float | None = None) -> None:
        """``wait_s``: how long the API asked to wait."""
        super().__init__(f"{_REMEDIES[kind]} ({detail})" if detail else _REMEDIES[kind])
        self.kind, self.wait_s = kind, wait_s


def kind_of(status: int) -> Kind:
    """Return what is wrong with an answer that is not 200."""
    return KINDS.get(status) or (Kind.SERVER_ERROR if status >= 500 else Kind.REFUSED)
