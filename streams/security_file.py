"""The catalogue as people write it (config/security.toml) -> the guard of the core, checked. Reads no file.

Patterns are RE2's, so that none can take more than linear time. In patterns of ``[[line]]``, ``<ip>`` stands for the client: an
address, or the name of a host where that is what software writes; ``<address>`` for an address alone.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, model_validator

from streams.config_errors import ConfigError, explained, place
from streams.config_model import Count, Flag, Name, Some, Table, Text, duration, refused, shown, unknown
from streams.core.security.catalogue import NO_METHOD, Allow, Busy, Catalogue, LineRule, RequestRule, SecretRule
from streams.core.security.guard import CatalogueGuard
from streams.core.security.values import Bucket
from streams.searches import Re2, checked

_PART = "[0-9A-Fa-f]{1,4}"
_ADDRESS = (
    r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
    rf"|(?:{_PART}:){{7}}{_PART}|(?:{_PART}(?::{_PART}){{0,6}})?::(?:{_PART}(?::{_PART}){{0,6}})?(?:\.[0-9]{{1,3}}){{0,3}}"
)
# What stands in patterns for the client. A name is surer where the words around it leave no doubt, an address elsewhere.
_CLIENTS = {
    "<ip>": rf"(?:::[fF]{{4}}:)?(?P<client_ip>{_ADDRESS}|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)",
    "<address>": rf"(?:::[fF]{{4}}:)?(?P<client_ip>{_ADDRESS})",
}
_METHOD = re.compile(r"[A-Z][A-Z-]{1,19}|-").fullmatch
_STATUS = re.compile(r"[1-5][0-9]{2}").fullmatch
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}").fullmatch


def _line_pattern(value: str) -> str:
    if sum(map(value.count, _CLIENTS)) > 1:
        raise refused("names the client more than once: <ip> or <address> may stand in a pattern once")
    for name, pattern in _CLIENTS.items():
        value = value.replace(name, pattern)
    return checked(value)


def _small(value: str) -> str:
    if len(value) < 2 or value != value.lower():
        raise refused(f"must be at least 2 characters in small letters, not {shown(value)}")
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise refused(f'must be an address or a network such as "203.0.113.0/24", not {shown(value)}') from None


def _method(value: str) -> str:
    if not _METHOD(value):
        raise refused(f'must be a method in capitals, or "{NO_METHOD}" for a request that has none, not {shown(value)}')
    return value


def _status(value: str) -> str:
    if not _STATUS(value):
        raise refused(f'must be a status such as "404", not {shown(value)}')
    return value


def _cve(value: str) -> str:
    if not _CVE(value):
        raise refused(f'must be a number such as "CVE-2021-44228", not {shown(value)}')
    return value


def _known_bucket(bucket: str, info: ValidationInfo) -> str:
    buckets: Collection[str] | None = info.context
    if buckets is not None and bucket not in buckets:
        raise refused(unknown("bucket", bucket, buckets))
    return bucket


Severity = Literal["critical", "warning", "info"]
Pattern = Annotated[Text, AfterValidator(checked)]
LinePattern = Annotated[Text, AfterValidator(_line_pattern)]
Network = Annotated[str, AfterValidator(_network)]
Feeds = tuple[Annotated[str, AfterValidator(_known_bucket)], ...]


class AllowTable(Table):
    """``[allow]``: who and what is known to be good."""

    addresses: tuple[Network, ...] = ()
    proxies: tuple[Network, ...] = ()
    agents: tuple[Annotated[str, AfterValidator(_small)], ...] = ()
    paths: tuple[Pattern, ...] = ()


class BucketTable(Table):
    """One ``[[bucket]]``: what shows over time."""

    name: Name
    severity: Severity
    sees: Text
    capacity: Count
    leak_ms: Annotated[int, duration("10ms", "1d")] = Field(alias="leak")
    distinct: Literal["path", "agent"] | None = None
    every: Flag = False
    endings: tuple[Text, ...] = ()
    folders: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.every and self.distinct is None:
            raise refused("counts every request, so distinct is missing: what is different in them?")
        if self.distinct == "agent" and not self.every:
            raise refused("counts agents, which no rule feeds: every = true is missing")
        if not self.every and (self.endings or self.folders):
            raise refused("is fed by rules, so endings and folders say nothing: every = true is missing")
        return self

    def bucket(self) -> Bucket:
        """Return the bucket as the core knows it."""
        return Bucket(self.name, self.severity, self.capacity, self.leak_ms, self.distinct is not None)

    def busy(self) -> Busy:
        """Return what of each request counts."""
        return Busy(self.name, self.distinct or "", frozenset(self.endings), frozenset(self.folders))


class RequestTable(Table):
    """One ``[[request]]``: what a request shows."""

    name: Name
    severity: Severity | None = None
    sees: Text
    cve: tuple[Annotated[str, AfterValidator(_cve)], ...] = ()
    at: Literal["target", "path", "agent"] = "target"
    words: tuple[Annotated[str, AfterValidator(_small)], ...] = ()
    match: tuple[Pattern, ...] = ()
    unless: tuple[Pattern, ...] = ()
    spared: tuple[Pattern, ...] = ()
    typed: tuple[Pattern, ...] = ()
    methods: tuple[Annotated[str, AfterValidator(_method)], ...] = ()
    statuses: tuple[Annotated[str, AfterValidator(_status)], ...] = ()
    served: Severity | None = None
    feeds: Feeds = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not (self.words or self.match or self.methods or self.statuses):
            raise refused("sees nothing: give it words, or methods, or statuses")
        if self.match and not self.words and self.at != "agent":
            raise refused("has no words: list some of which one is in whatever match finds, for the first look")
        if self.at != "target" and (self.spared or self.typed):
            raise refused('sees no parameters, so spared and typed say nothing: at is not "target"')
        if self.severity is None and not self.feeds:
            raise refused("does nothing: give it a severity, or buckets that it feeds")
        return self

    def rule(self) -> RequestRule:
        """Return the rule as the core knows it."""
        known = dict(self) | {"methods": frozenset(self.methods), "statuses": frozenset(self.statuses)}
        return RequestRule(**{name: known[name] for name in RequestRule.__struct_fields__})


class LineTable(Table):
    """One ``[[line]]``: what a message that is no request says."""

    name: Name
    severity: Severity
    sees: Text
    words: Some[Text]
    match: Some[LinePattern]
    unless: tuple[Pattern, ...] = ()
    feeds: Feeds = ()

    def rule(self) -> LineRule:
        """Return the rule as the core knows it."""
        return LineRule(self.name, self.severity, self.words, self.match, self.unless, self.feeds)


class SecretTable(Table):
    """One ``[[secret]]``: what should not be in a log."""

    name: Name
    severity: Severity
    sees: Text
    words: Some[Text]
    match: Some[Pattern]

    def rule(self) -> SecretRule:
        """Return the rule as the core knows it."""
        return SecretRule(self.name, self.severity, self.words, self.match)


class SecurityFile(Table):
    """config/security.toml as a whole."""

    allow: AllowTable = AllowTable()
    bucket: tuple[BucketTable, ...] = ()
    request: tuple[RequestTable, ...] = ()
    line: tuple[LineTable, ...] = ()
    secret: tuple[SecretTable, ...] = ()

    def catalogue(self) -> Catalogue:
        """Return the catalogue as the core knows it."""
        busy = tuple(each.busy() for each in self.bucket if each.every)
        return Catalogue(
            requests=tuple(table.rule() for table in self.request),
            lines=tuple(table.rule() for table in self.line),
            secrets=tuple(table.rule() for table in self.secret),
            buckets=tuple(table.bucket() for table in self.bucket),
            busy=busy,
            allow=Allow(**dict(self.allow)),
        )


def read(data: Mapping[str, Any], file: Path) -> SecurityFile:
    """Return a file's content, or raise with all its errors."""
    problems = list(_repeated(data, file))
    try:
        found = SecurityFile.model_validate(data, context=[name for name in _names(data, "bucket") if isinstance(name, str)])
    except ValidationError as error:
        raise ConfigError([*explained(error, SecurityFile, data, file), *problems]) from None
    if problems:
        raise ConfigError(problems)
    return found


def guard(data: Mapping[str, Any], file: Path) -> CatalogueGuard:
    """Return the guard of a file's content, or raise with all its errors."""
    return CatalogueGuard(read(data, file).catalogue(), Re2())


def _names(data: Mapping[str, Any], kind: str) -> list[Any]:
    listed = data.get(kind)
    return [table.get("name") for table in (listed if isinstance(listed, list) else []) if isinstance(table, dict)]


def _repeated(data: Mapping[str, Any], file: Path) -> Iterator[str]:
    """Complain about names that were given before: events are told apart by them."""
    first: dict[str, str] = {}
    for kind in ("bucket", "request", "line", "secret"):
        for number, name in enumerate(_names(data, kind), 1):
            if not isinstance(name, str):
                continue
            here = f"{kind} {number}"
            if (there := first.setdefault(name, here)) != here:
                yield f"{place(file)}: {kind} {shown(name)}: name: {there} and {here} share it; give each its own"
