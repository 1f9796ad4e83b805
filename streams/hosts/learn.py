"""``flywatch parse --learn``: the commonest templates of the lines that nothing recognises. Knows files; decides nothing.

Drain (He, Zhu, Zheng and Lyu, ICWS 2017) groups lines that differ in some words; drain3 is its maintained implementation.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drain3 import TemplateMiner  # type: ignore[import-untyped]  # it has no types
from drain3.template_miner_config import TemplateMinerConfig  # type: ignore[import-untyped]  # as above

from streams.core import lines, reading
from streams.core.joins import Joins
from streams.core.masking import mask
from streams.core.parsing.format import Format
from streams.core.values import Reason, Skipped
from streams.hosts.files import Chunk, blocks

TEMPLATES = 1_000  # kept at once; the one not seen for longest makes room
LINE_CHARS = 500  # of a line; templates of longer ones say no more


def unrecognised(paths: list[Path], app: str, own: tuple[Format, ...]) -> Iterator[str]:
    """Yield the messages that nothing recognises."""
    joins: dict[tuple[str, str], Joins] = {}
    for path in paths:
        assembler = lines.Assembler()
        for block in blocks(Chunk(path)):
            for raw in assembler.several(block.decode("utf-8", "replace")):
                line = lines.unwrap(raw, app)
                parsed = reading.parse(line, joins.setdefault((line.app, line.instance), Joins()), own=own)
                if parsed == Skipped(Reason.UNRECOGNISED):
                    yield line.text[:LINE_CHARS]


def learn(messages: Iterator[str], most: int) -> list[dict[str, Any]]:
    """Return at most so many templates, the commonest first: how often, its words with ``<*>`` for what differs, a sample."""
    config = TemplateMinerConfig()
    config.drain_max_clusters = TEMPLATES
    miner, samples = TemplateMiner(config=config), dict[int, str]()
    for message in messages:
        found = miner.add_log_message(message)
        samples.setdefault(found["cluster_id"], message)
    clusters = sorted(miner.drain.clusters, key=lambda cluster: (-cluster.size, cluster.get_template()))
    return [
        {"count": cluster.size, "template": mask(cluster.get_template()), "sample": mask(samples[cluster.cluster_id])}
        for cluster in clusters[:most]
    ]
