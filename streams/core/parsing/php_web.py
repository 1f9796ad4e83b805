"""Access lines of PHP: the built-in server, php-fpm, Laravel's serve and Octane, Symfony's server. Knows no envelope."""

from streams.core import regex
from streams.core.parsing.elapsed import PIECE
from streams.core.parsing.format import DIGITS, Format
from streams.core.parsing.pieces import ADDRESS, CLF_DATE, ISO_STAMP, METHOD, NUMBER, PATH, PEER, STATUS, TARGET, named
from streams.core.parsing.stamps import any_ms, clf_ms, iso_ms

_BUILT_IN = (  # before PHP 7.4 without the method
    r"(?:\[[0-9]++\]\ )?+ \[(?P<stamp>[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ [\ 0-9]?[0-9]\ [0-9:.]{8,15}\ [0-9]{4}|[0-9:]{8})\]"
    rf"\ (?P<peer>{PEER})\ \[(?P<status>[0-9]{{3}})\]:\ (?:(?P<method>{METHOD})\ )?(?P<target>{PATH})(?:\ -\ [^\n]*+)?+"
)
_FPM = (  # behind the status what www.conf proposes: script, milliseconds, memory, processor
    rf'(?P<ip>{ADDRESS}|)\ -\ (?:[^ \n"]*+\ )?(?P<stamp>{CLF_DATE}:[0-9:]{{8}}(?:\ [+-][0-9]{{4}})?)\ '
    rf'"(?P<method>{METHOD})\ (?P<target>[^ "\n]++)(?:\ HTTP/[0-9.]++)?+"\ (?P<status>[0-9]{{3}})'
    rf"(?:\ /[^ \n]*+\ (?P<took>{NUMBER})\ [0-9]++\ {NUMBER}%%?)?"
)
_SERVE = (
    rf"\ *+(?P<stamp>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\ [0-9:]{{8}})\ (?:(?P<method>{METHOD})\ )?(?:(?P<target>{PATH})\ )?"
    rf"\.{{3,400}}+\ (?:~\ )?+(?P<elapsed>{PIECE})"
)
_OCTANE = (
    rf"\ *+(?P<status>{STATUS})\ ++(?P<method>{METHOD})\ ++(?P<target>{PATH})\ \.{{3,400}}+\ (?:{NUMBER}\ ?[kKmMgG]?[bB]\ )?+"
    rf"(?P<elapsed>{NUMBER}\ ?m?s)"
)
_SYMFONY = (
    r"(?:\[[^\]\n]*+\]\ )?+ (?:[A-Z][a-z]{2}\ [\ 0-9]?[0-9]\ [0-9:]{8}\ )?+ \|[A-Z]++\ *+\|\ SERVER\ "
    rf'(?P<method>{METHOD})\ ++\((?P<status>{STATUS})\)\ (?P<target>{TARGET})(?:\ (?!ip=)[a-z_]++="[^"\n]*+")*+'
    r'(?:\ ip="(?P<ip>[^"\n]*+)")?(?:\ [^\n]*+)?+'
)
_REACT = (
    rf"(?P<stamp>{ISO_STAMP})\ (?P<ip>{ADDRESS})\ "
    rf'"(?P<method>{METHOD})\ (?P<target>[^ "\n]++)\ HTTP/[0-9.]++"'
    rf"\ (?P<status>{STATUS})\ [0-9]++\ (?P<took>[0-9]++\.[0-9]{{3}})"
)
_CTIME = regex.compiled(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +([0-9]{1,2}) ([0-9:.]{8,15}) ([0-9]{4})").fullmatch


def _ctime_ms(stamp: str | float) -> int | None:
    """Read ``Wed Nov 27 06:21:42 2024``."""
    found = _CTIME(stamp) if isinstance(stamp, str) else None
    return None if found is None else clf_ms(f"{found[2]}/{found[1]}/{found[4]}:{found[3]}")


FORMATS = (
    Format("php-server", named(_BUILT_IN), "a stamp as C prints it, a peer, a status in brackets", 0.0, _ctime_ms, "]: "),
    Format("php-fpm", named(_FPM), "a stamp without brackets", 1.0, any_ms, ' "'),
    Format("laravel-serve", named(_SERVE), "dots between path and time; neither method nor status", 1.0, iso_ms, " .."),
    Format("octane", named(_OCTANE), "the same with method and status", 1.0, needle=" .."),
    Format("framework-x", named(_REACT), "a bare stamp, the address, the request; seconds", 1e3, iso_ms, ' "', begins=DIGITS),
    Format("symfony-server", named(_SYMFONY), "a level between bars; its stamp has no year", needle="| SERVER "),
)
