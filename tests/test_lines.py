"""Every envelope in which a line of Fly's travels gives the same line; what is no envelope stays as it is."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.lines import MAX_LINES, Assembler, assembled, unwrap, utc
from streams.core.values import Line

TEXT = 'GET /orders/17?q="é" 200 17 - 12.5 ms'
STAMP = "2025-10-10T18:36:00Z"
MACHINE = "e784079b449d08"


def line(**changes: Any) -> Line:
    """Return the line that most cases wrap, with changes."""
    return Line(**({"text": TEXT, "stamp": STAMP, "app": "shop", "instance": MACHINE, "region": "iad"} | changes))


NATS = {
    "event": {"provider": "app"},
    "fly": {"app": {"instance": MACHINE, "name": "shop"}, "region": "iad"},
    "host": "b1f4",
    "log": {"level": "Info"},
    "message": TEXT,
    "timestamp": STAMP,
}
FLYCTL_JSON = {
    "level": "info",
    "instance": MACHINE,
    "message": TEXT,
    "region": "iad",
    "timestamp": STAMP,
    "meta": {"instance": MACHINE, "region": "iad", "event": {"provider": "app"}, "http": {"request": {"id": ""}}},
}
API = {"id": "17", "type": "log", "attributes": FLYCTL_JSON}
COLOURED = (
    f"\x1b[2m{STAMP}\x1b[0m \x1b[32mapp\x1b[0m[{MACHINE}] \x1b[35miad\x1b[0m [\x1b[34minfo\x1b[0m] "
    "\x1b[0mGET / \x1b[32m200\x1b[0m 1.5 ms - 17\x1b[0m"
)
PROXY_TEXT = 'error.message="no machine" could not find a machine'
PROXY = f'error.message="no machine" {STAMP} proxy[{MACHINE}] iad [error] could not find a machine'

# what it is, the raw line, the line it is; the caller says the app is shop, and the instance standing-in
CASES: list[tuple[str, str, Line]] = [
    ("NATS", json.dumps(NATS), line(level="info")),
    (
        "flyctl's JSON of a request that the proxy could not pass on: the text stands beside an empty message",
        json.dumps(FLYCTL_JSON | {"message": "", "meta": {"event": {"provider": "proxy"}, "error": {"message": TEXT}}}),
        line(level="info", provider="proxy"),
    ),
    (
        "flyctl's JSON of an empty line",
        json.dumps(FLYCTL_JSON | {"message": "", "meta": {"event": {"provider": "app"}, "error": {"code": 0, "message": ""}}}),
        line(level="info", text=""),
    ),
    ("NATS with a line end", json.dumps(NATS | {"message": TEXT + "\r\n"}) + "\r\n", line(level="info")),
    ("NATS of the proxy", json.dumps(NATS | {"event": {"provider": "proxy"}}), line(level="info", provider="proxy")),
    ("NATS with more", json.dumps(NATS | {"error": {"code": 17}, "file": None}), line(level="info")),
    (
        "NATS without names",
        json.dumps(NATS | {"fly": {"app": {}, "region": "iad"}}),
        line(level="info", instance="standing-in"),
    ),
    ("NATS at +00:00", json.dumps(NATS | {"timestamp": "2025-10-10T18:36:00+00:00"}), line(level="info")),
    ("NATS at +02:00", json.dumps(NATS | {"timestamp": "2025-10-10T20:36:00+02:00"}), line(level="info", stamp=None)),
    ("NATS without level", json.dumps(NATS | {"log": {}}), line()),
    ("the logs API", json.dumps(API), line(level="info")),
    ("flyctl --json", json.dumps(FLYCTL_JSON), line(level="info")),
    (
        "flyctl --json, old",
        json.dumps(FLYCTL_JSON | {"meta": {"Event": {"Provider": "runner"}}}),
        line(level="info", provider="runner"),
    ),
    ("flyctl's text", f"{STAMP} app[{MACHINE}] iad [info] {TEXT}", line(level="info")),
    (
        "flyctl's text, ms",
        f"2025-10-10T18:36:00.123 app[{MACHINE}] iad [info] {TEXT}",
        line(level="info", stamp="2025-10-10T18:36:00.123Z"),
    ),
    (
        "flyctl's text, ns",
        f"2025-10-10T18:36:00.123456789Z app[{MACHINE}] iad [info] {TEXT}",
        line(level="info", stamp="2025-10-10T18:36:00.123456789Z"),
    ),
    ("flyctl's text without Z", f"2025-10-10T18:36:00 app[{MACHINE}] iad [info] {TEXT}", line(level="info")),
    (
        "flyctl's text without machine",
        f"{STAMP} runner iad [warn] {TEXT}",
        line(level="warn", provider="runner", instance="standing-in"),
    ),
    ("flyctl's text, empty machine", f"{STAMP} app[] iad [info] {TEXT}", line(level="info", instance="standing-in")),
    ("flyctl's text without blank", f"{STAMP} app[{MACHINE}] iad [info]{TEXT}", line(level="info")),
    ("flyctl's text, nothing said", f"{STAMP} app[{MACHINE}] iad [info] ", line(level="info", text="")),
    ("flyctl's text, coloured", COLOURED, line(level="info", text="GET / 200 1.5 ms - 17")),
    ("flyctl's text, an error of the proxy", PROXY, line(provider="proxy", level="error", text=PROXY_TEXT)),
    ("syslog 5424", f"<134>1 {STAMP} {MACHINE} shop 1 - - {TEXT}", line(region="")),
    ("syslog 5424 with data", f'<134>1 {STAMP} {MACHINE} shop 1 ID [a b="c"][d e="f"] \ufeff{TEXT}', line(region="")),
    ("syslog 3164", f"<134>Oct 10 18:36:00 {MACHINE} shop[17]: {TEXT}", line(region="", stamp=None)),
    ("syslog 3164 from a file", f"Oct  1 18:36:00 {MACHINE} shop: {TEXT}", line(region="", stamp=None)),
    ("docker compose", f"web-1  | {TEXT}", line(region="", stamp=None, instance="web-1")),
    ("bare", TEXT, line(region="", stamp=None, instance="standing-in")),
    ("bare, coloured", f"\x1b[32m{TEXT}\x1b[0m", line(region="", stamp=None, instance="standing-in")),
    ("nothing", "", line(region="", stamp=None, instance="standing-in", text="")),
]


@pytest.mark.parametrize(("raw", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_envelope(raw: str, expected: Line) -> None:
    """The line inside an envelope comes out with all that the envelope says, and what it does not say stands in."""
    assert unwrap(raw, "shop", "standing-in") == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"message": "hi", "timestamp": "2025-10-10T18:36:00Z", "level": "info"}',
        '{"message": "hi", "time": 1760119200000, "fly": 1}',
        '{"req": {"method": "GET", "url": "/"}, "res": {"statusCode": 200}, "responseTime": 3}',
        '{"message": "half of a docu',
        "{not json at all}",
        "{}",
        '{"message": 17, "timestamp": "x", "fly": {}}',
        '{"attributes": {"message": "hi"}}',
        '["GET / 200 1 - 1 ms"]',
        "2025-10-10 18:36:00 INFO started",
        "2025-10-10T18:36:00Z [info] no provider",
        "2025-10-10T18:36:00Z App[1] iad [info] capital",
        "Oct 10 is a day",
        "<html>",
        "a || b | c",
        "| not a prefix",
        "   | neither",
        "\x00\x01\x02",
        "\ud800 alone",
    ],
)
def test_what_is_no_envelope_stays(text: str) -> None:
    """An app's own JSON, broken JSON and what only looks like a prefix stay whole, without a stamp."""
    assert unwrap(text, "shop", "m1") == Line(text, app="shop", instance="m1")


def test_the_apps_name_is_the_envelopes() -> None:
    """An envelope that names its app wins over the caller's; one that does not, does not hide it."""
    assert unwrap(json.dumps(NATS), "other").app == "shop"
    assert unwrap(json.dumps(FLYCTL_JSON), "other").app == "other"
    assert unwrap(f"<134>1 {STAMP} m1 tag 1 - - hi", "other").app == "other"
    assert unwrap(f"<134>1 {STAMP} m1 tag 1 - - hi").app == "tag"


@pytest.mark.parametrize("indent", [1, 2, 4])
@pytest.mark.parametrize("document", [NATS, FLYCTL_JSON, API], ids=["NATS", "flyctl", "API"])
def test_pretty_printed_documents_are_joined(document: dict[str, Any], indent: int) -> None:
    """A document over several lines is one line, with other lines before, between and after it."""
    pretty = json.dumps(document, indent=indent).split("\n")
    raws = list(assembled(["bare", *pretty, "{}", *pretty, "end"]))
    assert len(raws) == 5
    assert [unwrap(raw, "shop", "m1").text for raw in raws] == ["bare", TEXT, "{}", TEXT, "end"]


def test_what_is_no_document_comes_back() -> None:
    """A lone bracket, an input that ends inside a document and one that never ends lose no line."""
    held = ["{", '  "a": 1,', '  "b": 2']
    assert list(assembled(held)) == held
    endless = ["{", *("  x," for _ in range(3 * MAX_LINES))]
    assert list(assembled(endless)) == endless
    assembler = Assembler()
    assert [assembler.take(raw) for raw in ("{", "}")] == [[], ["{ }"]]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (None, None),
        (STAMP, STAMP),
        ("2025-10-10T18:36:00.1Z", "2025-10-10T18:36:00.1Z"),
        ("2025-10-10T18:36:00.123456789Z", "2025-10-10T18:36:00.123456789Z"),
        ("2025-10-10T18:36:00+00:00", STAMP),
        ("2025-10-10T18:36:00.5+00:00", "2025-10-10T18:36:00.5Z"),
        ("2025-10-10T18:36:00+02:00", None),
        ("2025-10-10T18:36:00", None),
        ("2025-10-10 18:36:00Z", None),
        ("2025-10-10T18:36Z", None),
        ("", None),
    ],
)
def test_a_stamp_is_utc_or_none(stamp: str | None, expected: str | None) -> None:
    """Only UTC passes as an envelope's stamp, and always with Z."""
    assert utc(stamp) == expected


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=200), st.text(max_size=10), st.text(max_size=10))
def test_any_text_is_a_line(raw: str, app: str, instance: str) -> None:
    """Whatever comes in, unwrapping gives a line and never raises."""
    assert isinstance(unwrap(raw, app, instance), Line)


@settings(derandomize=True, max_examples=300)
@given(st.text(alphabet=st.characters(exclude_characters="\r\n\x1b", exclude_categories=["Cs"]), max_size=80))
def test_no_text_is_lost_in_an_envelope(text: str) -> None:
    """Any message comes out of each envelope as it went in."""
    assert unwrap(json.dumps(NATS | {"message": text})).text == text
    assert unwrap(json.dumps(FLYCTL_JSON | {"message": text})).text == text
    assert unwrap(f"{STAMP} app[{MACHINE}] iad [info] {text}").text == text


HOSTILE = [
    "a" * 100_000,
    "{" * 100_000,
    '{"a":' * 50_000,
    "2025-10-10T18:36:00Z " + "app[" * 25_000,
    'error.x="' * 11_000,
    "error." + "a" * 100_000,
    "<134>1 " + "x " * 50_000,
    "<134>1 2025-10-10T18:36:00Z h a 1 - " + "[x]" * 33_000,
    "<134>1 2025-10-10T18:36:00Z h a 1 - " + "[" * 100_000,
    "Oct 10 18:36:00 " + "h" * 100_000,
    "a" * 60 + " " * 100_000 + "|",
    "\x1b[" * 50_000,
    "\x1b[" + "0;" * 50_000,
    " | " * 33_000,
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_take_linear_time(raw: str) -> None:
    """A line of 100,000 characters is unwrapped in milliseconds, whatever it is made of."""
    began = time.process_time()
    assert isinstance(unwrap(raw), Line)
    assert time.process_time() - began < 0.25
