"""The error logs of nginx and Apache: each of their lines has a head, is complete in itself, and many are no failure.

What a server refuses its clients is no error of the app: a public one writes thousands such lines a day. Knows no kind of
event and no state.
"""

import re

from streams.core.lazily import Lazily

_TAG = r"(?:(?:[A-Za-z0-9_.-]{1,63}\ )?+nginx(?:\[[0-9]{1,10}\])?+:\ )?+"  # of syslog, where what writes files has left it
_NGINX = rf"{_TAG}[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}\ [0-9:]{{8}}\ "
_APACHE = (
    r"(?:\[[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ {1,2}[0-9]{1,2}\ [0-9:.]{8,15}\ [0-9]{4}\]\ (?=\[)"
    r"|(?=\[[a-z0-9_]{0,30}:[a-z0-9]{3,9}\]\ \[pid\ ))"  # syslog has a stamp of its own
    r"(?:\[[^\]\n]{1,80}\]\ ?+){1,6}+"
)
_CODE = r"(?:\([0-9]{1,6}\)[^:\n]{1,80}:\ )?+(?:AH[0-9]{5}:\ )?+(?:Digest:\ |auth_[a-z]{1,20}:?\ )?+"
_FIREWALL = r"ModSecurity:\ (?:\[[^\]\n]*+\]\ )*+(?:Access\ denied|Warning)"
_PATH = r"(?:[^,\n]|,(?!\ client:\ )){0,600}?"  # as the client asked for it, with whatever quotes
_ODD = r"(?:2|20|36):\ "  # no such file, not a folder, too long a name; what may not be read is a fault of the server
_MILD = r"PHP\ (?:Notice|Warning|Deprecated|Strict\ Standards):\ "

_is_whole = Lazily(rf"(?:{_NGINX}\[[a-z]{{3,7}}\]\ [0-9]++\#|{_APACHE})", re.VERBOSE).match
_head = Lazily(_APACHE, re.VERBOSE).match
_refused = Lazily(
    rf"""{_NGINX}\[error\]\ [0-9]++\#[0-9]++:\ \*[0-9]++\ (?:
        (?:open\(\)\ )?+"{_PATH}"\ (?:failed|is\ not\ found)\ \({_ODD}
        |access\ forbidden\ by\ rule,|directory\ index\ of\ "{_PATH}"\ is\ forbidden,
        |limiting\ (?:requests|connections)(?:,|\ by)
        |(?:PAM:\ )?+user\ ["'][^\n]{{0,300}}?["']:?\ (?:was\ not\ found|not\ found|password\ mismatch|-\ not\ authenticated)
        |no\ user/password\ was\ provided|client\ intended\ to\ send\ too\ large
        |(?:\[client\ [^\]\n]{{1,60}}\]\ ?+)?+{_FIREWALL})
    |{_NGINX}\[(?:error|crit)\]\ [0-9]++\#[0-9]++:\ \*[0-9]++\ SSL_[a-z_]{{1,20}}\(\)\ failed\ \([^\n]{{0,400}}?\)
        \ while\ (?:SSL\ handshaking(?!\ to\ )|waiting\ for\ request|keepalive|reading\ client|processing\ HTTP/[23])[,\ ]
    |{_APACHE}{_CODE}(?:
        client\ denied\ by\ server\ configuration:|script\ '?+\S++\ not\ found\ or\ unable\ to\ stat
        |script\ not\ found\ or\ unable\ to\ stat|File\ does\ not\ exist:|Invalid\ (?:URI|method)\ in\ request
        |Cannot\ serve\ directory\ |Directory\ index\ forbidden\ by|request\ failed:\ |client\ used\ wrong\ authentication
        |user\ [^\n]{{0,300}}?(?:authentication\ failure\ for\ "|password\ mismatch|not\ found|authorization\ failure)
        |{_FIREWALL})""",
    re.VERBOSE,
).match
_mild = Lazily(
    rf"(?:{_NGINX}\[error\]\ [0-9]++\#[0-9]++:\ \*[0-9]++\ FastCGI\ sent\ in\ stderr:\ \"PHP\ message:\ |{_APACHE}){_MILD}",
    re.VERBOSE,
).match
_grave = Lazily(r"\bPHP (?:Fatal|Parse|Recoverable fatal|Catchable fatal) error: ").search


def is_whole(text: str) -> bool:
    """Tell whether a line is one of an error log of nginx or Apache."""
    return _is_whole(text) is not None


def body(text: str) -> str:
    """Return a line without Apache's head, which it writes before each line of what a module prints over several."""
    found = _head(text)
    return text if found is None else text[found.end() :]


def is_no_failure(text: str) -> bool:
    """Tell whether a server's line is of a client that it refused, or of a notice of PHP's and no worse."""
    if _refused(text) is not None:
        return True
    return _mild(text) is not None and _grave(text) is None
