"""Cuts the names of a line to what a record can carry. Knows no source and no Kafka.

Who writes lines chooses them: one that no broker takes, or that is no Unicode (the name of a file need not be), must not
stop everybody's shipping.
"""

from msgspec import structs

from streams.core.values import Line

NAME_CHARS = 255  # of an app, instance, region, provider or level: they stand in a record's head and key


def name(given: str) -> str:
    """Return a name, shortened; question marks stand for what is no Unicode."""
    return given[:NAME_CHARS].encode("utf-8", "replace").decode()


def named(line: Line) -> Line:
    """Return a line with such names."""
    return structs.replace(
        line,
        app=name(line.app),
        instance=name(line.instance),
        region=name(line.region),
        provider=name(line.provider),
        level=name(line.level),
    )
