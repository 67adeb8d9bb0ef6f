"""The files of the audit log, on a real disk."""

from __future__ import annotations

import fcntl
import threading
from datetime import date
from pathlib import Path

from orchestrator.audit.files import PATIENCE, AuditLog

DAY = date(2026, 3, 27)
LATER = date(2026, 3, 28)


def test_lines_go_to_the_file_of_their_day_readable_by_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    sizes = AuditLog(folder).append({DAY: [b"a\n", b"b\n"], LATER: [b"c\n"]})
    assert sizes == {DAY: 4, LATER: 2}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "2026-03-27.jsonl": b"a\nb\n",
        "2026-03-28.jsonl": b"c\n",
    }
    assert (folder.stat().st_mode & 0o777, (folder / "2026-03-27.jsonl").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_batch_that_comes_again_is_not_written_again(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append({DAY: [b"a\n", b"b\n"]})  # never settled: its commit failed
    log.append({DAY: [b"late\n", b"a\n", b"b\n", b"c\n"]})
    assert log.path(DAY).read_bytes() == b"a\nb\nlate\nc\n"


def test_a_batch_that_comes_again_after_a_restart_is_not_written_again(tmp_path: Path) -> None:
    AuditLog(tmp_path).append({DAY: [b"a\n", b"b\n"]})
    AuditLog(tmp_path).append({DAY: [b"b\n", b"c\n"]})
    assert (tmp_path / "2026-03-27.jsonl").read_bytes() == b"a\nb\nc\n"


def test_another_event_under_a_used_id_is_not_lost(tmp_path: Path) -> None:
    """After a restored backup the sequence counts again from an earlier number."""
    AuditLog(tmp_path).append({DAY: [b'{"id":7,"verb":"before"}\n']})
    AuditLog(tmp_path).append({DAY: [b'{"id":7,"verb":"after"}\n']})
    assert (tmp_path / "2026-03-27.jsonl").read_bytes() == b'{"id":7,"verb":"before"}\n{"id":7,"verb":"after"}\n'


def test_a_line_torn_by_a_kill_is_cut_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "2026-03-27.jsonl"
    path.write_bytes(b'{"id":1}\n{"id":2,"ve')
    AuditLog(tmp_path).append({DAY: [b'{"id":2,"verb":"x"}\n']})
    assert path.read_bytes() == b'{"id":1}\n{"id":2,"verb":"x"}\n'


def test_what_was_settled_is_not_read_again(tmp_path: Path) -> None:
    """Shown from outside: a settled line given again is believed to be new."""
    log = AuditLog(tmp_path)
    log.settle(log.append({DAY: [b"a\n"]}))
    log.append({DAY: [b"a\n"]})
    assert log.path(DAY).read_bytes() == b"a\na\n"


def test_what_is_written_late_into_a_file_that_was_held_is_in_no_log(tmp_path: Path) -> None:
    log, path = AuditLog(tmp_path), tmp_path / "2026-03-27.jsonl"
    log.append({DAY: [b"a\n"]})
    with path.open("ab", buffering=0) as frozen:
        fcntl.flock(frozen, fcntl.LOCK_EX)
        frozen.write(b"b\n{tor")
        AuditLog(tmp_path).append({DAY: [b"b\n", b"c\n"]})
        frozen.write(b"n}\nb\n")
    log.settle(log.append({DAY: [b"d\n"]}))
    assert path.read_bytes() == b"a\nb\nc\nd\n"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_let_go_in_time_stays_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "2026-03-27.jsonl"
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        threading.Timer(PATIENCE / 4, fcntl.flock, (other, fcntl.LOCK_UN)).start()
        before = path.stat().st_ino
        AuditLog(tmp_path).append({DAY: [b"a\n"]})
    assert (path.stat().st_ino, path.read_bytes()) == (before, b"a\n")
