"""What a shipper counts. Counts only: decides nothing.

Names and labels are stable: others will scrape them. ``source`` is a source's name, such as receive.
"""

from prometheus_client import CollectorRegistry, Counter


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        """Make all of them."""
        self.registry = CollectorRegistry()
        self.errors = Counter("flyship_errors", "What went wrong at a source", ("source", "kind"), registry=self.registry)
