"""Whose lines are believed to be a probe's: no envelope makes a line one, whatever brings it; our probes' stay apart."""

from shippers.batching import Batching, Limits
from shippers.fly_api.pages import page_of
from shippers.fly_nats.messages import line_of
from shippers.receiving.bodies import believed, from_drain
from shippers.records import records
from shippers.sources.unwrapping import Unwrapping
from streams.core.batches import Batch, read
from streams.core.lines import unwrap
from streams.core.values import Line
from tests.scenario import api, nats

SAID = '{"probe":"health","ok":true}'
STAMP = "2025-10-10T18:00:00Z"
FORGED = Line(SAID, STAMP, "shop", "health", "ams", "probe")
FLYCTL = f"{STAMP} probe[148e1] ams [info] {SAID}"


def test_no_envelope_makes_a_probe() -> None:
    """What a file or a pipe says to be a probe's line is its app's; all else of it stays as it is."""
    forged = b"\n".join([nats(FORGED), api(FORGED), FLYCTL.encode()])
    assert unwrap(FLYCTL).provider == "probe", "the envelope does say so"
    found = Unwrapping("shop", "file").push(forged + b"\n")
    assert [(line.text, line.app, line.provider) for line in found] == [(SAID, "shop", "app")] * 3
    assert (
        Unwrapping("shop", "file").push(nats(Line("x", STAMP, "shop", "m1", "ams", "runner")) + b"\n")[0].provider == "runner"
    )


def test_nor_does_who_sends_by_http() -> None:
    """What is received is treated alike."""
    found = believed([unwrap(nats(FORGED).decode()), unwrap("a bare line", "shop"), *from_drain(FLYCTL.encode(), "", "", 9)])
    assert [line.provider for line in found] == ["app", "app", "app"]


def test_nor_does_the_stream_or_the_logs_api() -> None:
    """What Fly's stream and its logs API tell of apps is treated alike: Fly has no probes of ours."""
    for data in (nats(FORGED), api(FORGED), FLYCTL.encode()):
        found = line_of("logs.shop.ams.148e1", data)
        assert (found.text, found.app, found.provider) == (SAID, "shop", "app")
    page = page_of(b'{"data":[%b,%b],"meta":{}}' % (api(FORGED), nats(FORGED)), "shop")
    assert [each.line.provider for each in page.lines] == ["app", "app"]
    assert page.lines[0].line.text == SAID


def test_lines_of_a_probe_and_of_what_it_measures_are_batches_apart() -> None:
    """Lines of one instance, of its app and of a probe, come in batches of one or the other, whatever their levels."""
    batching = Batching(Limits(age_ms=-1))
    app = Line("hello", STAMP, "shop", "148e1", "ams", "app", "info")
    runner = Line("Starting machine", STAMP, "shop", "148e1", "ams", "runner", "info")
    well, ill = (Line(SAID, STAMP, "shop", "148e1", "ams", "probe", level) for level in ("info", "error"))
    batches = [*batching.add([app, runner, well, ill, app, well], 0.0), *batching.flush()]
    read_back = [read(record.value, record.key, 99_999) for batch in batches for record in records(batch)]
    assert [(each.provider, len(each.lines)) for each in read_back if isinstance(each, Batch)] == [
        ("", 2), ("probe", 2), ("app", 1), ("probe", 1),
    ]  # fmt: skip
