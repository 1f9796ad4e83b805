"""Says of an error that nobody expected what it was and where, and nothing else: its own text may be a secret. Pure."""

import sysconfig
import traceback
from pathlib import Path

_OURS = (Path(__file__).parent, Path(__file__).parents[1] / "streams")
_OTHERS = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib"))


def told(error: BaseException) -> str:
    """Return the kind of an error, and the last place that it passed outside of libraries: what was called there fared ill."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [frame for frame in frames if not _is_of_a_library(frame[0])]
    place, line = (ours or frames or [(Path("nowhere"), 0)])[-1]
    return f"{type(error).__name__} in {place.name}:{line}"


def _is_of_a_library(path: Path) -> bool:
    return any(map(path.is_relative_to, _OTHERS)) and not any(map(path.is_relative_to, _OURS))
