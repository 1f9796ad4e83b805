"""Subjects of Fly's log stream, ``logs.<app>.<region>.<instance>``: which lines one asks for. Knows no socket."""

from collections.abc import Sequence

from msgspec import Struct

FIRST = "logs"
_MOST_PARTS = 8
_MOST_CHARS = 400


class Origin(Struct, frozen=True, gc=False):
    """Who said a message, as its subject tells."""

    app: str = ""
    region: str = ""
    instance: str = ""


def fault(subject: str) -> str | None:
    """Return what is wrong with a subject, None if nothing is."""
    parts = subject.split(".")
    if parts[0] != FIRST or len(parts) < 2:
        return 'must begin with "logs.", such as "logs.>" or "logs.my-app.>"'
    if len(parts) > _MOST_PARTS or len(subject) > _MOST_CHARS:
        return 'must be "logs.<app>.<region>.<instance>" or a beginning of it with ".>"'
    if any(not part or any(sign.isspace() or not sign.isprintable() for sign in part) for part in parts):
        return "may not have empty parts or blanks"
    if any(part != "*" and "*" in part for part in parts) or any(">" in part for part in parts[:-1]):
        return '"*" stands for one whole part, ">" for all that follow'
    return '">" stands for all that follow' if ">" in parts[-1] and parts[-1] != ">" else None


def overlap(one: str, other: str) -> bool:
    """Tell whether a message may have both subjects, and so would come twice."""
    mine, theirs = one.split("."), other.split(".")
    for left, right in zip(mine, theirs, strict=False):
        if ">" in (left, right):
            return True
        if left != right and "*" not in (left, right):
            return False
    return len(mine) == len(theirs)


def asked(subjects: Sequence[str], origin: Origin) -> bool:
    """Tell whether one of the subjects asks for the lines of an origin."""
    said = f"{FIRST}.{origin.app}.{origin.region}.{origin.instance}"
    return any(overlap(subject, said) for subject in subjects)


def apps(subjects: Sequence[str]) -> set[str]:
    """Return the apps that the subjects name."""
    named = (subject.split(".")[1] for subject in subjects)
    return {app for app in named if app not in ("*", ">")}


def ask_for_any_app(subjects: Sequence[str]) -> bool:
    """Tell whether one of the subjects asks for the lines of apps that it does not name."""
    return any(subject.split(".")[1] in ("*", ">") for subject in subjects)


def origin(subject: str) -> Origin:
    """Return what a message's subject tells of it."""
    parts = subject.split(".")
    return Origin(*(parts[1:4] if parts[0] == FIRST else ()))
