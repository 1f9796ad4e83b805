"""The house rules, read from the source itself: sizes, docstrings, who may import what, what no file may hold."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import fields

from streams.core.plan import Limits

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("streams", "shippers", "tests", "config", "demo")
MODULE_LINES, TEST_LINES, FUNCTION_LINES, FIRST_LINE_CHARS = 250, 400, 40, 128
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
OUTSIDE = {"time", "os", "socket", "logging", "asyncio", "random", "threading", "subprocess", "pathlib", "io"}
CLOCKS = {"now", "utcnow", "today"}
WAITING = ("until", "wait")
NOT_FOR_LUCK = "# not for luck"  # a sleep that proves that nothing happens meanwhile
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_.:$}*-])/(?:home|root|Users|work|mnt|tmp)/[A-Za-z0-9]")
URL_HOST = re.compile(r"https?://([A-Za-z0-9.-]+)")
# Hosts that a file may name: Fly's, those of standards, and those that nobody has. Where packages come from is said
# outside this repository.
HOSTS = re.compile(
    r"(?:[a-z0-9-]+\.)*(?:fly\.(?:io|dev)|machines\.dev|apache\.org|w3\.org|json-schema\.org|semver\.org|keepachangelog\.com|github\.com"
    r"|rfc-editor\.org|prometheus\.io|vldb\.org|arxiv\.org|kernel\.org|python\.org|example(?:\.(?:com|org|net))?|internal|flycast)"
    r"|localhost|[0-9.]+|x"
)


def _modules(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted(path for path in (ROOT / package).rglob("*.py") if ".venv" not in path.parts)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path) -> Iterator[str]:
    """Yield the full names of what a module imports, wherever in it."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _files(place: Path) -> Iterator[Path]:
    yield from (path for path in (place.glob("*") if place == ROOT else place.rglob("*")) if path.is_file())


def _listed() -> list[Path]:
    """Return the files that git tracks, or would if they were added; without git, all."""
    found = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False
    )
    if found.returncode:
        return [path for place in (ROOT, *(ROOT / package for package in PACKAGES)) for path in _files(place)]
    return [path for name in found.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def _texts() -> Iterator[tuple[Path, str]]:
    for path in _listed():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # no text


def test_every_module_says_what_it_is() -> None:
    """Every module has a docstring whose first line stands by itself and fits into a line."""
    for path in _modules(*PACKAGES):
        first = (ast.get_docstring(_tree(path)) or "").partition("\n")[0]
        assert first, f"{_named(path)} has no docstring"
        assert len(first) <= FIRST_LINE_CHARS, f"{_named(path)}: {len(first)} characters in the first line of its docstring"


def test_modules_are_short() -> None:
    """A module has at most 250 lines, a test module at most 400."""
    counts = {_named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _modules(*PACKAGES)}
    long = {name: n for name, n in counts.items() if n > (TEST_LINES if name.startswith("tests/") else MODULE_LINES)}
    assert long == {}


def test_functions_are_short() -> None:
    """A function has at most 40 lines, its docstring among them."""
    long = {
        f"{_named(path)}: {node.name}": length
        for path in _modules(*PACKAGES)
        for node in _functions(_tree(path))
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_the_core_is_pure() -> None:
    """The core imports the standard library, orjson, msgspec, RE2 and itself: nothing with a clock, a file or a wire."""
    allowed = {*sys.stdlib_module_names, "orjson", "msgspec", "re2"} - OUTSIDE
    for path in _modules("streams/core"):
        for name in _imports(path):
            top = name.partition(".")[0]
            assert top in allowed or name.startswith("streams.core"), f"{_named(path)} imports {name}"
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Attribute):
                assert node.attr not in CLOCKS, f"{_named(path)}:{node.lineno} asks for the time"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"open", "print", "input"}, f"{_named(path)}:{node.lineno} does I/O"


def test_the_core_compiles_its_patterns_in_one_place() -> None:
    """Patterns of texts are compiled by ``core.regex``, which knows a fault of older Pythons; decoding's are of bytes."""
    for path in _modules("streams/core"):
        if _named(path) not in {"streams/core/regex.py", "streams/core/security/decoding.py"}:
            for node in ast.walk(_tree(path)):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re":
                    assert called.attr == "escape", f"{_named(path)}:{called.lineno} calls re.{called.attr}"


def test_shippers_know_the_wire_and_the_core_alone() -> None:
    """Shippers import of streams the codec, the core, the words of config, and how Kafka is got into."""
    shared = ("streams.codec", "streams.core.", "streams.config_", "streams.kafka_access")
    for path in _modules("shippers"):
        for name in _imports(path):
            if name.startswith("streams"):
                assert name.startswith(shared), f"{_named(path)} imports {name}"


def test_hosts_and_settings_are_not_the_cores_affair() -> None:
    """The codec imports the core and nothing else of streams."""
    names = [name for name in _imports(ROOT / "streams" / "codec.py") if name.startswith("streams")]
    assert all(name.startswith("streams.core.") for name in names), names


def test_who_speaks_to_kafka() -> None:
    """Only the hosts, the shippers' client, permission, producer, sharing, and what gives tokens know aiokafka; hosts Faust."""
    named = {"shippers/client.py", "shippers/permission.py", "shippers/producer.py", "streams/kafka_token.py"}
    for path in _modules("streams", "shippers", "config", "demo"):
        tops = {name.partition(".")[0] for name in _imports(path)}
        host = path.is_relative_to(ROOT / "streams" / "hosts")
        sharing = path.is_relative_to(ROOT / "shippers" / "sharing")
        if "aiokafka" in tops:
            assert host or sharing or _named(path) in named, _named(path)
        if tops & {"faust", "mode"}:
            assert host, _named(path)


def test_no_module_is_named_after_nothing() -> None:
    """No file is named utils, helpers, common, manager or base: a name says what is in it."""
    for path in _modules(*PACKAGES):
        assert VAGUE.isdisjoint(path.stem.split("_")), _named(path)


def test_every_test_says_what_holds() -> None:
    """Every test function has a docstring of a sentence."""
    for path in _modules("tests"):
        for node in _functions(_tree(path)):
            if node.name.startswith("test_"):
                said = ast.get_docstring(node) or ""
                assert said.endswith((".", "?")), f"{_named(path)}: {node.name} does not say what holds"


def _sleeps(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "sleep":
        return False
    return isinstance(node.func.value, ast.Name) and node.func.value.id in {"time", "asyncio"}


def test_tests_do_not_sleep() -> None:
    """A test waits for what it needs: sleeps stand in functions that wait, or say that they are not for luck."""
    for path in _modules("tests"):
        source = path.read_text(encoding="utf-8").splitlines()
        tree = _tree(path)
        waiting = {
            inner
            for node in _functions(tree)
            if node.name.lstrip("_").startswith(WAITING)
            for inner in ast.walk(node)
            if _sleeps(inner)
        }
        for node in ast.walk(tree):
            if _sleeps(node) and node not in waiting:
                assert isinstance(node, ast.Call)
                line = node.lineno
                assert NOT_FOR_LUCK in source[line - 1], f"{_named(path)}:{line} sleeps"


def test_no_file_names_a_machine_or_where_packages_come_from() -> None:
    """Tracked texts hold no path of one machine, and no URL but of Fly, of standards and of nobody."""
    for path, text in _texts():
        for number, line in enumerate(text.splitlines(), 1):
            place = f"{_named(path)}:{number}"
            assert not MACHINE_PATH.search(line), f"{place} names a path of one machine"
            for host in URL_HOST.findall(line):
                assert HOSTS.fullmatch(host), f"{place} names {host}"
    assert any(path.name == "pyproject.toml" for path in _listed())


@pytest.mark.parametrize("limit", [field.name for field in fields(Limits)])
def test_every_limit_is_in_the_readme(limit: str) -> None:
    """The README's table has a row for each limit; checked as soon as there is a README."""
    readme = ROOT / "README.md"
    if readme.exists():
        name = limit.removesuffix("_ms")
        assert re.search(rf"`(?:limits\.)?{name}`", readme.read_text(encoding="utf-8")), f"README.md does not tell of {limit}"
