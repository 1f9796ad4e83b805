"""Runs one Faust worker, and starts it again when it ended to resume. Knows no line, pane or alert."""

import gc
import logging
import os
import signal
import subprocess
import sys
import time
from types import FrameType

import faust
import uvloop

from streams.hosts.ending import EXIT_RESTART, die_when_stopped
from streams.hosts.kafka import build_app
from streams.hosts.seldom import Seldom
from streams.settings import Settings

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 10.0
STEADY_SECONDS = 60.0  # a worker that ran so long failed for a new reason: wait briefly again


def run(settings: Settings) -> int:
    """Run a worker in this process until it is told to stop; return its exit code."""
    uvloop.install()
    gc.set_threshold(50_000, 20, 100)  # rows live for a record and have no cycles: the default looks at them all the time
    app = build_app(settings)
    die_when_stopped(app.conf.broker_session_timeout / 2)
    worker = faust.Worker(app, loglevel=logging.WARNING, logging_config=_logging(), redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it hides the cursor even when nobody looks
    try:
        worker.execute_from_commandline()  # ends by SystemExit
    except SystemExit as stop:
        return int(stop.code or 0)


def _logging() -> dict[str, object]:
    """Return plain lines on standard error; a rebalance is no news, and aiokafka warns about each step of one."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "filters": {"seldom": {"()": Seldom}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["seldom"]}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {"aiokafka": {"level": "WARNING"}, "aiokafka.consumer.group_coordinator": {"level": "CRITICAL"}},
    }


def supervise() -> int:
    """Run a worker in a child process, again and again until it ends well or a signal says stop."""
    wait = FIRST_WAIT_SECONDS
    stopping: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, _: FrameType | None) -> None:
        stopping.append(number)
        if child is not None:
            child.send_signal(signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while True:
        began = time.monotonic()
        child = subprocess.Popen([sys.executable, "-m", "streams", "worker", "--once"], env=os.environ)
        code = child.wait()
        if stopping or code == 0:
            return 0 if code in {0, -signal.SIGTERM, -signal.SIGINT} else code
        wait = FIRST_WAIT_SECONDS if time.monotonic() - began > STEADY_SECONDS else min(wait * 2, LONGEST_WAIT_SECONDS)
        why = "to resume" if code == EXIT_RESTART else f"with code {code}"
        sys.stderr.write(f"flywatch worker: ended {why}; starting again in {wait:.1f} s\n")
        time.sleep(wait)
