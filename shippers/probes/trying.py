"""One measurement for ``flyship doctor``: what it found, and how to mend what is wrong. Knows no single probe."""

from collections.abc import Mapping

from shippers.findings import Finding
from shippers.probes import Probe
from shippers.probes.failures import Failure
from shippers.probes.lines import said, shown
from shippers.probes.rounds import one_round, wall_ms


async def tried(probe: Probe, mending: Mapping[Failure, str]) -> list[Finding]:
    """Measure once, within the probe's deadline; ``mending`` says what to do about a failure."""
    found = []
    for line in await one_round(probe, wall_ms()):
        what = said(line)
        mend = "" if what.ok else mending.get(Failure(what.error), "")
        found.append(Finding(probe.name, what.ok, f"{shown(line)}; {mend}" if mend else shown(line)))
    return found
