"""Requests that Consul and Nomad tell in a sentence of their debug log, without a status. Knows no envelope."""

import re

from streams.core import regex
from streams.core.parsing.durations import spelt_ms
from streams.core.parsing.format import Fields, Format, Row, clean
from streams.core.parsing.stamps import any_ms

_TOOK = r"((?:[0-9]++(?:\.[0-9]++)?+(?:ns|us|µs|ms|h|m|s))++)"
_STAMP = r"([0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?+(?:Z|[+-][0-9:]{4,6})?+)"
_HASHICORP = regex.compiled(
    rf"(?:{_STAMP}\ )?+ \[DEBUG\]\ (?:[a-z]++\.)?+http:\ "
    r"(?:Request\ (?:finished:\ method=)?+|request\ complete:\ method=)([A-Z]++)\ (?:url=|path=)?+([^ \n]++)\ "
    rf"(?:\({_TOOK}\)\ from=([^ \n]++) | from=([^ \n]++)\ latency=\"?+{_TOOK}\"?+ | duration=\"?+{_TOOK}\"?+)",
    re.VERBOSE,
).fullmatch


def hashicorp(text: str) -> Row | None:
    """Return the row of a request that was answered; how is not said."""
    found = _HASHICORP(text)
    if found is None:
        return None
    stamp, method, target, took, peer, newer_peer, newer_took, nomads_took = found.groups()
    return Fields(_address(peer or newer_peer), method, target, None, spelt_ms(took or newer_took or nomads_took, 1.0), stamp)


def _address(peer: str | None) -> str | None:
    return None if peer is None else peer.rpartition(":")[0].strip("[]") or None


FORMATS = (Format("hashicorp", clean(hashicorp), "Consul's and Nomad's debug lines: no status", 1.0, any_ms, needle="[DEBUG]"),)
