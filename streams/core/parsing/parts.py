"""The ordered table of what tells a request over several lines. Knows no format of one line and joins nothing.

Each reader says what one line tells of its request; ``streams.core.joins`` puts the lines together.
"""

from collections.abc import Callable

from streams.core.joins import Fragment
from streams.core.parsing import pairs, plug, rails

# A reader is asked when one of its words is in the line. Martini's words are like Rails', and more exact: before it.
_READERS: tuple[tuple[tuple[str, ...], Callable[[str], Fragment | None]], ...] = (
    (("[martini]", "[negroni]"), pairs.martini),
    (("ted ", "Processing ", "RoutingError"), rails.fragment),  # Started, Completed
    (("] ",), plug.fragment),  # a level in brackets
    (("Request starting ", "Request finished in "), pairs.aspnet),
    (("HTTP  ",), pairs.serve),
    (("DispatcherServlet", "HttpWebHandlerAdapter"), pairs.spring),
)


def fragment(text: str) -> Fragment | None:
    """Return what this line says about a request, None when it says nothing."""
    for words, read in _READERS:
        if any(word in text for word in words) and (found := read(text)):
            return found
    return None
