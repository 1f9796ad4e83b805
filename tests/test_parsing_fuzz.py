"""Hostile and damaged lines: parsing never raises, never makes up a value, and never takes more than linear time."""

import os
import random
import re
import time
import tomllib
from collections.abc import Callable
from math import isfinite
from pathlib import Path

import orjson
import pytest

from streams.core import lines, reading
from streams.core.joins import Joins
from streams.core.parsing import FORMATS, fragment, recognise, request
from streams.core.values import Event, Line, Reason, Request, Skipped

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "shared" / "fixtures"
MUTATIONS = 5_000
NUMBER = re.compile(r"[0-9][0-9.,]*").finditer
FAMILIES = [file.stem for file in sorted((HERE / "formats").glob("*.toml"))]
OF_A_FAMILY = int(os.environ.get("FUZZ_LINES", "200"))  # make fuzz asks for 100,000
PIECES = (
    '"',
    "\\",
    '\\"',
    " ",
    "  ",
    "[",
    "]",
    "{",
    "}",
    "-",
    "- ",
    " - ",
    "ms",
    " ms",
    "=",
    ":",
    ",",
    "?",
    "%",
    "\n",
    "\r",
    "\0",
    "\x1b[0m",
    "\x1b[",
    "é",
    "🛒",
    "\ud800",
    "٣",
    "NaN",
    "Infinity",
    "1e999",
    "-1",
    "999",
    "000",
    "0",
    "null",
    "true",
    "[]",
    '"req":',
    '"request_time":',
    "status=",
    "method=GET ",
    "Started ",
    "Completed ",
    "Processing ",
    "HTTP/1.1",
    '] "',
    ' - "',
    "31/Feb/0000:99:99:99 +9999",
    "9" * 400,
    "GET ",
    "/x",
)


def real_lines() -> list[str]:
    """Return the lines of all cases, and a spread of those of the labelled logs."""
    found: list[str] = []
    for file in sorted((HERE / "formats").glob("*.toml")):
        for case in tomllib.loads(file.read_text("utf-8"))["case"]:
            found += case.get("lines") or [case["line"]]
    for log in sorted(FIXTURES.rglob("*.log")):
        found += log.read_bytes().decode("utf-8", "replace").split("\n")[:40]
    return [line for line in found if line]


def family_lines(family: str) -> list[str]:
    """Return the lines of one family's cases."""
    cases = tomllib.loads((HERE / "formats" / f"{family}.toml").read_text("utf-8"))["case"]
    return [line for case in cases for line in case.get("lines") or [case["line"]] if line]


def mutated(rng: random.Random, texts: list[str]) -> str:
    """Return a line with a few of its places cut out, doubled, swapped with another's or filled with a piece."""
    text = rng.choice(texts)
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(text))
        end = min(len(text), start + rng.choice((0, 1, 1, 2, 5, 20, 80)))
        put = rng.choice((rng.choice(PIECES), "", text[start:end] * 2, rng.choice(texts)[start:end]))
        text = text[:start] + put + text[end:]
    return text[:16_384]


def check(found: Request) -> None:
    """Hold a request against what its types promise and the next stage needs."""
    assert found.status is None or 100 <= found.status <= 599
    assert found.duration_ms is None or (isfinite(found.duration_ms) and found.duration_ms >= 0)
    assert found.at_ms is None or isinstance(found.at_ms, int)
    assert found.target != ""
    assert found.method not in {"", "-"}
    assert found.client_ip not in {"", "-"}
    assert (found.path is None) == (found.target is None)
    assert found.method is None or " " not in found.method
    orjson.dumps([found.method, found.status, found.duration_ms, found.at_ms])


def test_damaged_lines() -> None:
    """Thousands of damaged real lines raise nothing, give sane values, and still belong to one format at most."""
    requests = survive(real_lines(), MUTATIONS)
    assert requests > MUTATIONS // 10  # the damage is such that much of it still is a request


@pytest.mark.parametrize("family", FAMILIES)
def test_damaged_lines_of_a_family(family: str) -> None:
    """So do the damaged lines of each family, of which ``make fuzz`` tries 100,000."""
    survive(family_lines(family), OF_A_FAMILY)


def survive(texts: list[str], count: int) -> int:
    """Read so many damaged lines; return how many still were requests."""
    rng, joins, requests = random.Random(20241127), Joins(cap=8), 0
    for number in range(count):
        text = mutated(rng, texts)
        found = recognise(text)
        taken = [fmt for fmt in FORMATS if fmt.match(text)]
        assert [fmt.name for fmt in taken] == ([] if found is None else [found[0].name]), text
        if found is not None:
            check(request(found[0], found[1].groups(), None))
        fragment(text)
        if "\ud800" in text:
            continue  # no decoder lets a lone surrogate through, so none reaches the state
        parsed = reading.parse(lines.unwrap(text), joins, number)
        assert isinstance(parsed, Skipped | Event | Request)
        if isinstance(parsed, Request):
            check(parsed)
            requests += 1
        assert Joins.load(orjson.loads(orjson.dumps(joins.dump())), cap=8) == joins
    return requests


NUMBERS = (
    *("1,234.5678", "1.234,5", "1,2,3", "1.2.3", "1,234,567", "9" * 40, "1e5", "1e999", "inf", "NaN", "-1", "00", "0x1f"),
    *("1_000", "1:2", "99:99:99", "1.", ".5", "", "\u0663", "\uff11\uff12", "\u00b2"),
)


def test_odd_numbers() -> None:
    """Any number of any line may be written in any way: nothing raises, and what is a request has sane values."""
    for text in {line for line in real_lines() if len(line) < 1_000}:
        for place, number in enumerate(NUMBER(text)):
            odd = NUMBERS[(place + len(text)) % len(NUMBERS)]
            parsed = reading.parse(Line(text[: number.start()] + odd + text[number.end() :]), Joins())
            if isinstance(parsed, Request):
                check(parsed)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "{}", "[]", "null", "\0", "\ud800", "{" * 9_999, '{"a":' * 9_999, '{"req":' * 2_000]
)
def test_nothing(text: str) -> None:
    """What is no request at all is refused, however deep it is nested."""
    assert recognise(text) is None
    assert fragment(text) is None
    assert reading.parse(Line(text), Joins()) in (Skipped(Reason.EMPTY), Skipped(Reason.UNRECOGNISED))


CLF = '203.0.113.9 - - [05/Mar/2024:09:01:38 +0000] "'
HOSTILE: dict[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "blanks": lambda n: " " * n,
    "digits": lambda n: "1" * n,
    "dashes": lambda n: "- " * (n // 2),
    "words": lambda n: "a " * (n // 2),
    "capital words": lambda n: "A " * (n // 2),
    "quotes": lambda n: '"' * n,
    "quotes and blanks": lambda n: '" ' * (n // 2),
    "backslashes": lambda n: "\\" * n,
    "escaped quotes": lambda n: ' \\"' * (n // 3),
    "opened and escaped": lambda n: ' "\\"' * (n // 4),
    "brackets": lambda n: "[" * n,
    "bracket pairs": lambda n: "[a] " * (n // 4) + "Started ",
    "colours": lambda n: "\x1b[0m" * (n // 4),
    "unfinished colours": lambda n: "\x1b[" * (n // 2),
    "symbols": lambda n: "🛒" * n,
    "symbols and blanks": lambda n: "🛒 " * (n // 2),
    "tiny without an end": lambda n: "GET /" + "a" * n + " 200 1 - 1 m ms",
    "short without an end": lambda n: "a b GET " + "/ HTTP/1.1 " * (n // 11) + " ms",
    "a method without an end": lambda n: "A" * n + " ms",
    "clf: an open request": lambda n: CLF + "GET /" + "a" * n,
    "clf: many ends": lambda n: CLF + '" 200' * (n // 5),
    "clf: almost many ends": lambda n: CLF + '" 2000' * (n // 6),
    "clf: escapes": lambda n: CLF + '\\"' * (n // 2) + '" 200 1',
    "clf: protocols": lambda n: CLF + "GET /" + " HTTP/1.1" * (n // 9) + '" 200 1',
    "clf: many fields": lambda n: CLF + 'GET / HTTP/1.1" 200 1 "-" "-"' + ' "-"' * (n // 4) + " x",
    "clf: many times": lambda n: CLF + 'GET / HTTP/1.1" 200 1 "-" "-"' + " 1.000" * (n // 6) + ' "',
    "clf: many names": lambda n: CLF + 'GET / HTTP/1.1" 200 1 "-" "-" rt=0.100' + " urt=1" * (n // 6) + ' "',
    "clf: addresses": lambda n: "1.2.3.4, " * (n // 9) + CLF + 'GET / HTTP/1.1" 200 1',
    "uvicorn: heads": lambda n: "INFO " * (n // 5) + '1.2.3.4:5 - "GET / HTTP/1.1" 200 OK!',
    "uvicorn: peers": lambda n: "INFO: " + ":1" * (n // 2) + ' - "GET / HTTP/1.1" 200 OK!',
    "uvicorn: reasons": lambda n: 'INFO: 1.2.3.4:5 - "GET / HTTP/1.1" 200' + " a" * (n // 2) + "!",
    "habit: words": lambda n: "GET /x 200" + " in" * (n // 3) + " 12 msx",
    "pairs": lambda n: "method=GET status=200 " + "a=b " * (n // 4),
    "pairs: one long name": lambda n: "method=GET status=200 " + "a" * n + "=",
    "pairs: open quotes": lambda n: "method=GET status=200 " + 'a="b ' * (n // 5),
    "pairs: escaped quotes": lambda n: "method=GET status=200 " + 'a="\\" ' * (n // 6),
    "lograge: many words": lambda n: "method=GET path=/ " + "format=a " * (n // 9) + "status=x",
    "pairs: the usual order, many sizes": lambda n: "method=GET path=/ status=200 duration=1ms" + " size=1" * (n // 7) + "!",
    "pairs: commas": lambda n: "method=GET status=200" + " a=b," * (n // 5),
    "gitea: words": lambda n: "Completed GET /x 200 " + "Completed GET /x 200 " * (n // 21),
    "consul: words": lambda n: "[DEBUG] " + "Request finished: method=GET url=/ " * (n // 35),
    "headed: heads": lambda n: "INFO\t" * (n // 5) + "{" * 100 + "}",
    "headed: a document": lambda n: "INFO x {" + '"a":1,' * (n // 6) + '"b":1}',
    "pretty: a pair without an end": lambda n: '      "url": "' + '",' * (n // 2),
    "pretty: a head without an end": lambda n: "INFO [1" + "] (" * (n // 3) + ": request completed",
    "wrapped: a document": lambda n: '{"message":"Completed 200' + " in" * (n // 3) + '","tags":["' + "[a] " * (n // 4) + '"]}',
    "rails: a reason without an end": lambda n: "Completed 200" + " in" * (n // 3),
    "rails: bars": lambda n: "Completed in 1ms (" + " | 200 OK [" * (n // 11),
    "rails: addresses": lambda n: 'Started GET "/" for ' + "1 at " * (n // 5),
    "haproxy: colons": lambda n: "1:" * (n // 2) + "1 [05/Mar/2024:09:01:38.250] a b/c 0/0/0/0/0 200 1 - - ----",
    "haproxy: timers": lambda n: "1.2.3.4:5 [05/Mar/2024:09:01:38.250] a b/c " + "1/" * (n // 2) + ' "',
    "haproxy: braces": lambda n: (
        "1.2.3.4:5 [05/Mar/2024:09:01:38.250] a b/c 0/0/0/0/0 200 1 - - ---- 1/1 0/0" + " {a}" * (n // 4) + ' "'
    ),
    "envoy: words": lambda n: '[2024-03-05T09:01:38.250Z] "GET / HTTP/1.1" 200 -' + ' "a"' * (n // 4),
    "envoy: numbers": lambda n: '[2024-03-05T09:01:38.250Z] "GET / HTTP/1.1" 200 -' + " 1" * (n // 2) + ' "-" "-"',
    "elb: addresses": lambda n: "2024-03-05T09:01:38.250143Z a " + "1:" * (n // 2) + ' "',
    "elb: quotes": lambda n: '2024-03-05T09:01:38.250143Z a 1.2.3.4:5 - -1 -1 -1 200 - 0 0 "GET /' + ' "' * (n // 2),
    "uwsgi: ends": lambda n: (
        "[pid: 1|app: 0|req: 1/1] 1.2.3.4 () {4 vars in 8 bytes} [Tue Mar  5 09:01:38 2024] GET /"
        + " => generated 1 bytes" * (n // 21)
    ),
    "squid: words": lambda n: "1709629298.250 1 1.2.3.4 TCP_MISS/200 1 GET http://x" + " A/b" * (n // 4) + " \n",
    "bunny: bars": lambda n: "HIT|200|1709629298250|1|1|1.2.3.4|-|http://x|" + "AB|" * (n // 3) + "\n",
    "tabs": lambda n: "203.0.113.9" + "\tGET /x HTTP/1.1" * (n // 16),
    "ltsv: labels": lambda n: "status:200\tmethod:GET" + "\ta:b" * (n // 4),
    "iis: columns": lambda n: "2024-03-05 09:01:38" + " -" * (n // 2),
    "hypercorn: colons": lambda n: "1:" * (n // 2) + " GET / 1.1 200 1 x",
    "npm: upstreams": lambda n: "[05/Mar/2024:09:01:38 +0000] - 502" + ", 502" * (n // 5) + " [Client ",
    "json: nested lists": lambda n: '{"a":' + "[" * n,
    "json: many names": lambda n: "{" + ",".join(f'"k{i}":{i}' for i in range(n // 10)) + "}",
    "json: a long text": lambda n: '{"message":"' + "GET /x " * (n // 7) + ' 200 ms","status":200}',
    "json: attributes": lambda n: '{"attributes":[' + '{"key":"a","value":{"intValue":1}},' * (n // 35) + "{}]}",
    "json: containers": lambda n: '{"data":{"status":1,' * 300 + '"a":"' + "a" * n + '"' + "}" * 600,
    "json: texts in texts": lambda n: '{"message":"{' + '\\"a\\":' * (n // 6) + '}","status":200}',
    "caddy: long headers": lambda n: (
        '{"request":{"method":"GET","uri":"/","headers":{' + '"A":["b"],' * (n // 10) + '"B":[]}}}'
    ),
    "fastify: an id": lambda n: '{"reqId":"' + "a" * n + '","req":{"method":"GET","url":"/"}}',
    "json: escapes": lambda n: '{"req":"' + "\\u0061" * (n // 6) + '"}',
}


def seconds(text: str) -> float:
    """Return the least CPU time of a few readings, by all formats and as a part of a request."""
    taken = []
    for _ in range(7):
        begun = time.process_time()
        recognise(text)
        for fmt in FORMATS:
            fmt.match(text)
        fragment(text)
        taken.append(time.process_time() - begun)
    return min(taken)


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length(name: str) -> None:
    """Eight times the length takes about eight times as long, on a busy machine a few times that; quadratic: 64 times."""
    make = HOSTILE[name]
    assert seconds(make(128_000)) <= 40 * max(seconds(make(16_000)), 0.0005)
