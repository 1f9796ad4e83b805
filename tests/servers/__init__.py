"""Real servers that tests start for themselves, one kind a file. Where one is missing its tests are left out, or fail in CI."""

import os
import shutil
from pathlib import Path

import pytest


def program(name: str, package: str, *places: str) -> str:
    """Return the path of a program of a Debian package; ``places`` are globs below / to look at, too; the last one wins.

    Where it is missing the test is skipped with the package's name, and with CI=true it fails.
    """
    found = shutil.which(name) or max((str(path) for place in places for path in Path("/").glob(place)), default=None)
    if found is not None:
        return found
    reason = f"needs {name}: install Debian's {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
