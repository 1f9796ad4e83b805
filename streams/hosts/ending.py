"""How a worker ends when going on could be wrong. Knows nothing of what it was doing."""

import os
import sys
import threading
import time
from typing import NoReturn

BEAT_SECONDS = 0.25
EXIT_RESTART = 70  # EX_SOFTWARE: whoever started this process should start it again


def die(why: str) -> NoReturn:
    """End the process at once: nothing more may be written; the supervisor starts it again from the commit."""
    say(f"{why}; ending to resume from the last checkpoint")
    os._exit(EXIT_RESTART)


def die_when_stopped(limit_seconds: float) -> None:
    """Watch the process from a thread of its own, from its first moment: one that was stopped may be presumed dead."""

    def watch() -> None:
        last = time.monotonic()
        while True:
            time.sleep(BEAT_SECONDS)
            now = time.monotonic()
            if now - last > limit_seconds:
                die(f"the process stood still for {now - last:.1f} s")
            last = now

    threading.Thread(target=watch, name="die-when-stopped", daemon=True).start()


def say(what: str) -> None:
    """Tell people on standard error, whatever the logging is set to."""
    sys.stderr.write(f"flywatch worker: {what}\n")
    sys.stderr.flush()
