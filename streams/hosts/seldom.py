"""A logging filter: what repeats is said seldom, with how often it was not said. Knows no topic and no broker."""

import logging
import time
from collections.abc import Callable

EVERY_S = 10.0
KINDS = 1_000  # message templates remembered; there are far fewer


class Seldom(logging.Filter):
    """Lets a message through when the same one was not said in the last ten seconds.

    While a broker is away aiokafka complains thirty times a second; one line tells as much.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """``now_s`` is a clock that does not go back."""
        super().__init__()
        self._now_s = now_s
        self._said: dict[tuple[str, str], tuple[float, int]] = {}  # (logger, template) -> when last, how many since

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to say it; what was left out since then is added to its text."""
        key, now_s = (record.name, str(record.msg)), self._now_s()
        if len(self._said) >= KINDS:
            self._said.clear()
        last_s, left_out = self._said.get(key, (now_s - EVERY_S, 0))
        if now_s - last_s < EVERY_S:
            self._said[key] = (last_s, left_out + 1)
            return False
        self._said[key] = (now_s, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} times since)", ()
        return True
