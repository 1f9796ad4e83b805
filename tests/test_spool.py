"""The spool's files: what was synced is there after any crash, damage costs what it hits, full is full, empty is empty."""

import errno
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shippers.records import Record
from shippers.spool.frames import Damage, Stored, frame, frames
from shippers.spool.note import Note, Reached
from shippers.spool.segments import sync
from shippers.spool.spool import Lost, Spool, SpoolError
from tests.spool_writer import record

ROOT = Path(__file__).parents[1]
MIB = 1024 * 1024
RECORDS = st.builds(
    Record, st.binary(max_size=20), st.binary(max_size=200), st.integers(0, 9), st.none() | st.integers(0, 1 << 50)
)


def _filled(directory: Path, count: int, most_bytes: int = 64 * MIB) -> Spool:
    spool = Spool(directory, most_bytes)
    for number in range(spool.written.number + 1, spool.written.number + count + 1):
        assert spool.append(record(number))
    paths, number = spool.unsynced()
    sync(paths)
    spool.synced(number)
    return spool


def _rest(spool: Spool) -> list[int]:
    """Read what is left, hold that it is what was written, and acknowledge it."""
    numbers = []
    while stored := spool.next():
        assert stored.record == record(stored.number)
        numbers.append(stored.number)
        spool.acknowledge(Reached(stored.number, stored.line_end))
    return numbers


def _is_full(spool: Spool) -> bool:
    return spool.full


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.spool"))


@given(st.lists(RECORDS, max_size=8), st.lists(st.binary(max_size=60), min_size=9, max_size=9))
def test_frames_come_back_from_between_rubbish(records: list[Record], rubbish: list[bytes]) -> None:
    """Every frame is found again, in order, whatever lies between them."""
    data = rubbish[-1]
    for number, (each, waste) in enumerate(zip(records, rubbish, strict=False), 1):
        data += frame(each, number, number * 10) + waste
    found = list(frames(data))
    assert [item.record for item in found if isinstance(item, Stored)] == records
    damaged = sum(item.end - item.start for item in found if isinstance(item, Damage))
    assert damaged == len(rubbish[-1]) + sum(map(len, rubbish[: len(records)]))


@given(st.lists(RECORDS, min_size=1, max_size=6), st.data())
def test_a_flipped_bit_costs_its_record(records: list[Record], data: st.DataObject) -> None:
    """One bit flipped anywhere: the record it stands in is gone, and no other one."""
    pieces = [frame(each, number, 0) for number, each in enumerate(records, 1)]
    whole = bytearray(b"".join(pieces))
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[at // 8] ^= 1 << at % 8
    hit, end = 0, 0
    for number, piece in enumerate(pieces, 1):
        end += len(piece)
        hit = hit or (number if at // 8 < end else 0)
    numbers = [item.number for item in frames(bytes(whole)) if isinstance(item, Stored)]
    assert numbers == [number for number in range(1, len(records) + 1) if number != hit]


def test_it_is_empty_at_rest(tmp_path: Path) -> None:
    """Records come out in order across many files; when all are acknowledged no file is left, and the numbers go on."""
    spool = _filled(tmp_path, 600)
    assert len(_files(tmp_path)) > 2
    assert _rest(spool) == list(range(1, 601))
    assert (spool.records, spool.lines, spool.bytes, _files(tmp_path)) == (0, 0, 0, [])
    spool.close()
    again = _filled(tmp_path, 5)
    assert _rest(again) == list(range(601, 606))
    again.close()


def test_a_restart_goes_on_behind_what_is_acknowledged(tmp_path: Path) -> None:
    """What was read and not acknowledged comes again, and is told as doubtful as far as it was sent."""
    spool = _filled(tmp_path, 100)
    for _ in range(70):
        stored = spool.next()
        assert stored is not None
        spool.sent(stored.number)
        if stored.number == 60:
            spool.acknowledge(Reached(stored.number, stored.line_end))
    spool.close()
    again = Spool(tmp_path, 64 * MIB)
    assert (again.records, again.doubtful) == (40, 10)
    assert again.lines == sum(record(number).lines for number in range(61, 101))
    assert _rest(again) == list(range(61, 101))
    again.close()


@pytest.mark.parametrize("cut", [1, 20, 31, 32, 100, 5_000])
def test_a_torn_tail_is_cut(tmp_path: Path, cut: int) -> None:
    """Bytes that are missing at the end cost the records they are of; what is written later is read behind the rest."""
    spool = _filled(tmp_path, 20)
    spool.close()
    last = _files(tmp_path)[-1]
    os.truncate(last, last.stat().st_size - cut)
    again = Spool(tmp_path, 64 * MIB)
    kept = again.written.number
    assert 17 <= kept < 20
    assert again.lost.torn_bytes > 0
    assert again.append(record(kept + 1))
    assert _rest(again) == list(range(1, kept + 2))
    assert (again.lost.records, again.bytes) == (0, 0)
    again.close()


def test_damage_in_the_middle_is_counted(tmp_path: Path) -> None:
    """Flipped bits in several files cost their records; how many records and lines is known, and the rest is read."""
    spool = _filled(tmp_path, 600)
    spool.close()
    rng = random.Random(7)
    for path in _files(tmp_path):
        data = bytearray(path.read_bytes())
        for _ in range(3):
            data[rng.randrange(len(data))] ^= 64
        path.write_bytes(data)
    again = Spool(tmp_path, 64 * MIB)
    numbers = _rest(again)
    missing = sorted(set(range(1, again.written.number + 1)) - set(numbers))
    assert 3 <= len(missing) <= 3 * 4
    lines = sum(record(number).lines for number in missing)
    assert again.lost == Lost(len(missing), lines, again.lost.torn_bytes)
    assert (again.records, again.bytes) == (0, 0)
    again.close()


def test_all_of_it_damaged(tmp_path: Path) -> None:
    """A spool of which nothing can be read is empty again, and says what was lost."""
    spool = _filled(tmp_path, 30)
    for path in _files(tmp_path):
        path.write_bytes(b"\0" * path.stat().st_size)
    assert spool.next() is None
    assert (spool.lost.records, spool.records, spool.bytes) == (30, 0, 0)
    assert spool.append(record(31))
    assert _rest(spool) == [31]
    spool.close()


def test_a_note_that_is_broken_costs_repeats_alone(tmp_path: Path) -> None:
    """Without a note everything that is there comes again; one broken slot leaves the one before it."""
    note = Note(tmp_path / "note")
    for number in range(1, 4):
        note.write(Reached(number, number), number)
    note.close()
    data = bytearray((tmp_path / "note").read_bytes())
    data[len(data) // 2 + 3] ^= 1
    (tmp_path / "note").write_bytes(data)
    again = Note(tmp_path / "note")
    assert again.acknowledged == Reached(2, 2)
    again.close()


def test_full_says_so_before_it_refuses(tmp_path: Path) -> None:
    """It is full with room left for what is on its way; behind that it refuses, and takes again when some has gone."""
    spool = Spool(tmp_path, 2 * MIB)
    while not _is_full(spool):
        assert spool.append(record(spool.written.number + 1))
    taken = spool.written.number
    while spool.append(record(spool.written.number + 1)):
        pass
    assert spool.written.number > taken
    assert spool.bytes <= 2 * MIB
    last = spool.written.number
    for _ in range(last // 2):
        stored = spool.next()
        assert stored is not None
        spool.acknowledge(Reached(stored.number, stored.line_end))
    assert not _is_full(spool)
    assert spool.append(record(last + 1))
    assert _rest(spool) == list(range(last // 2 + 1, last + 2))
    spool.close()


def test_a_full_disk_is_like_a_full_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that finds half the room leaves nothing of itself; when there is room the same record is taken."""
    spool = _filled(tmp_path, 10)
    real = os.pwrite

    def half(descriptor: int, data: bytes, at: int) -> int:
        if len(data) > 1_000:
            return real(descriptor, data[: len(data) // 2], at)
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "pwrite", half)
    assert spool.append(record(11)) is None
    assert spool.append(Record(b"", b"short", 1)) is None
    monkeypatch.undo()
    assert spool.append(record(11))
    assert _rest(spool) == list(range(1, 12))
    spool.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """Another one is told who has it and what to do; a directory that cannot be made is told, too."""
    spool = Spool(tmp_path / "spool", MIB)
    with pytest.raises(SpoolError, match=rf"in use by process {os.getpid()}: .*FLYSHIP_STATE.*--spool-bytes 0"):
        Spool(tmp_path / "spool", MIB)
    spool.close()
    Spool(tmp_path / "spool", MIB).close()
    with pytest.raises(SpoolError, match="cannot be used: Not a directory"):
        Spool(tmp_path / "spool" / "lock" / "x", MIB)


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    """Through kills at random moments: what was synced and not acknowledged is there, in order, and nothing is torn."""
    rng = random.Random(seed)
    command = [sys.executable, "-m", "tests.spool_writer", str(tmp_path)]
    durable = acknowledged = 0
    for life in range(6):
        with subprocess.Popen([*command, str(seed * 100 + life)], cwd=ROOT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            said = [writer.stdout.readline() for _ in range(rng.randrange(1, 120))]
            writer.kill()
            said += writer.stdout.readlines()
        promised = dict(line.decode().split() for line in said if line.endswith(b"\n"))  # the last of each kind
        durable = int(promised.get("durable", durable))
        acknowledged = int(promised.get("acknowledged", acknowledged))
        spool = Spool(tmp_path, 64 * MIB)
        assert spool.written.number >= durable
        assert spool.acknowledged.number >= acknowledged
        durable, acknowledged = spool.written.number, spool.acknowledged.number
        stored = spool.next()
        assert stored is None or stored.number == acknowledged + 1
        spool.close()
    spool = Spool(tmp_path, 64 * MIB)
    assert _rest(spool) == list(range(acknowledged + 1, durable + 1))
    assert spool.bytes == 0
    spool.close()
