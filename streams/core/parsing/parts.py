"""The ordered table of what tells a request over several lines. Knows no format of one line and joins nothing.

Each reader says what one line tells of its request; ``streams.core.joins`` puts the lines together.
"""

from collections.abc import Callable

from streams.core.events.any_of import any_of
from streams.core.joins import Fragment
from streams.core.parsing import halves, pairs, plug, pretty, rails, w3c, wrapped
from streams.core.words import Words

# Words, one of which is in every line of a reader -> the reader. Martini's sentences are Rails', too: before it.
_READERS: tuple[tuple[tuple[str, ...], Callable[[str], Fragment | None]], ...] = (
    (pretty.SINGLES, pretty.single),
    (('"correlation":',), halves.behind_a_head),
    (("[martini] ", "[negroni] "), pairs.martini),
    (("Request starting ", "Request finished in "), pairs.aspnet),
    (("HTTP  ",), pairs.serve),
    ((" REQ ",), pairs.dream),
    (("#Fields:", "#Date:"), w3c.fragment),
    ((">> ", "=> ", "GET /", "HEAD /", "POST /", "PUT /", "DELETE /", "PATCH /", "OPTIONS /"), pairs.rocket),
    (("[debug] ", "[trace] "), pairs.mojolicious),
    (("DispatcherServlet ", "HttpWebHandlerAdapter "), pairs.spring),
    (
        ("Sent ", "Chunked ", "Upgraded ", "GET /", "HEAD /", "POST /", "PUT /", "DELETE /", "PATCH /", "OPTIONS /"),
        plug.fragment,
    ),
)
WORDS = tuple(word for words, _ in _READERS for word in words)
_may_be, _HERE = any_of(WORDS), Words(WORDS)


def fragment(text: str) -> Fragment | None:
    """Return what this line says about a request, None when it says nothing."""
    if text[:1] == "{":
        return halves.fragment(text) or wrapped.fragment(text)
    if _may_be(text):
        has = _HERE.has(text)
        for words, read in _READERS:
            if any(map(has, words)) and (found := read(text)):
                return found
    return rails.fragment(text)
