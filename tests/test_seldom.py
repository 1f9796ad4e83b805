"""What repeats is said seldom."""

import logging

from streams.hosts.seldom import Seldom


def test_a_message_that_repeats_is_said_every_ten_seconds() -> None:
    """The first is said at once, its repeats are counted, and the next one after ten seconds tells how many there were."""
    now_s, said = 0.0, list[str]()
    seldom = Seldom(lambda: now_s)
    for number in range(241):
        now_s = number / 10
        for template, value in (("no broker at %s", f"node {number % 3}"), ("another %s", "matter")):
            record = logging.LogRecord("aiokafka", logging.ERROR, "", 0, template, (value,), None)
            if seldom.filter(record):
                said.append(record.getMessage())
    assert said[:2] == ["no broker at node 0", "another matter"]
    assert said[2:4] == ["no broker at node 1 (and 99 times since)", "another matter (and 99 times since)"]
    assert len(said) == 6
