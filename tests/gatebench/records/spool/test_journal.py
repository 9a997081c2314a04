import json
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.records.spool import journal as module
from gatebench.records.spool.journal import Journal, as_line, end_of_records, first_record, last_record, read_records

RECORDS = [{"n": n, "text": "é\n" * n, "value": 0.1 * n} for n in range(5)]


def written(path: Path) -> bytes:
    with Journal(path) as journal:
        for record in RECORDS:
            journal.append(record, durable=record["n"] == 4)
    return path.read_bytes()


def found(path: Path) -> list[object]:
    return [read.record for read in read_records(path)]


def test_records_come_back_in_their_order(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    assert found(tmp_path / "journal") == RECORDS
    assert first_record(tmp_path / "journal") == RECORDS[0]
    assert last_record(tmp_path / "journal") == RECORDS[-1]
    assert found(tmp_path / "missing") == []


def test_reading_continues_where_it_ended(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    ends = [read.end for read in read_records(tmp_path / "journal")]
    assert [read.record for read in read_records(tmp_path / "journal", ends[2])] == RECORDS[3:]
    assert ends[-1] == end_of_records(tmp_path / "journal") == (tmp_path / "journal").stat().st_size


def test_a_journal_that_was_cut_at_any_byte_is_read_and_continued(tmp_path: Path) -> None:
    content, path = written(tmp_path / "journal"), tmp_path / "cut"
    ends = [0, *(read.end for read in read_records(tmp_path / "journal"))]
    for length in range(len(content)):
        path.write_bytes(content[:length])
        whole = sum(end <= length for end in ends) - 1
        assert found(path) == RECORDS[:whole]
        with Journal(path) as journal:
            assert journal.dropped == length - ends[whole]
            journal.append({"n": "next"})
        assert found(path) == [*RECORDS[:whole], {"n": "next"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 300), value=st.integers(0, 255))
def test_a_changed_byte_ends_the_reading_before_its_record(tmp_path: Path, position: int, value: int) -> None:
    content = bytearray(written(tmp_path / "fresh"))
    (tmp_path / "fresh").unlink()
    position %= len(content)
    same = content[position] == value
    content[position] = value
    (tmp_path / "changed").write_bytes(content)
    read = found(tmp_path / "changed")
    assert read == RECORDS if same else read == RECORDS[: len(read)]
    assert same or len(read) < len(RECORDS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(content)
    assert found(path) == []
    assert last_record(path) is None


@pytest.mark.parametrize("content", [b"[1]", b"1", b"{", b"[" * 100_000, b"null", b"\xff"])
def test_a_line_with_the_right_checksum_that_is_no_object_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"%08x %s\n" % (zlib.crc32(content), content))
    assert found(path) == []


def test_a_record_that_is_too_large_is_neither_written_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = as_line({"text": "x" * 500})
    (tmp_path / "large").write_bytes(line)
    monkeypatch.setattr(module, "LARGEST_RECORD", 300)
    assert found(tmp_path / "large") == []
    with Journal(tmp_path / "journal") as journal, pytest.raises(UserError, match="at most 300 are kept"):
        journal.append({"text": "x" * 500})


def test_a_full_disk_is_told_and_leaves_no_part_of_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "journal", os.write
    with Journal(path) as journal:
        journal.append({"n": 0})
        monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:5]))
        with pytest.raises(UserError, match="cannot be written to: only a part of a record"):
            journal.append({"n": 1})
        monkeypatch.undo()
        journal.append({"n": 2})
    assert found(path) == [{"n": 0}, {"n": 2}]


def test_links_and_folders_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    written(target)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(UserError, match="cannot be read"):
        found(tmp_path / "link")
    with pytest.raises(UserError, match="cannot be written to"):
        Journal(tmp_path / "link")
    with pytest.raises(UserError, match="cannot be read"):
        found(tmp_path)


def test_a_line_is_readable_text(tmp_path: Path) -> None:
    line = as_line({"a": [1, 2.5]})
    assert json.loads(line[9:]) == {"a": [1, 2.5]}
