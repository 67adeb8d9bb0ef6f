"""A suite is read once for all processes, and anew after any change of what it depends on, or of who may write the reading."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.keywords import Keyword
from orchestrator.language import suites, suites_known
from orchestrator.language.suites import SuiteNotRead, read_suite

TEXT = "*** Tasks ***\nLire\n    Log    rien\n"
DAY = 86_400


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a suite that was read once; Robot Framework is out of reach afterwards."""
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    file = tmp_path / "robot" / "lire.robot"
    file.parent.mkdir()
    file.write_text(TEXT, encoding="utf-8")
    _another_process()
    assert list(read_suite(file, {}).tasks) == ["Lire"]
    monkeypatch.setattr(suites, "READER", "no_such_program")
    _another_process()
    yield file
    _another_process()


def _another_process() -> None:
    suites._read.cache_clear()
    suites_known._environment.cache_clear()


def _kept(suite: Path) -> list[Path]:
    return list((suite.parents[1] / "t").glob("glr-lectures-*/*"))


def test_what_was_read_is_known_to_the_next_process(suite: Path) -> None:
    assert list(read_suite(suite, {}).tasks) == ["Lire"]


@pytest.mark.parametrize(
    "change",
    [
        lambda suite: suite.write_text(TEXT.replace("rien", "tout"), encoding="utf-8"),
        lambda suite: (suite.parent / "mots.resource").write_text("*** Keywords ***\n", encoding="utf-8"),
        lambda suite: _kept(suite)[0].write_text('{"tasks": {"Li', encoding="utf-8"),
        lambda suite: _kept(suite)[0].parent.chmod(0o770),
    ],
    ids=["its text", "a file beside it", "a reading that was cut", "a folder where others may write"],
)
def test_it_is_read_anew_after_a_change_of(suite: Path, change: Callable[[Path], object]) -> None:
    change(suite)
    with pytest.raises(SuiteNotRead):
        read_suite(suite, {})


def test_it_is_read_anew_after_a_change_of_the_keywords_it_may_call(
    suite: Path, tmp_path: Path, known_keywords: dict[str, Keyword], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "keywords" / "bdo.py"
    code.parent.mkdir()
    code.write_text("A = 1\n", encoding="utf-8")
    word = replace(known_keywords["bdo.person"], function=test_what_was_read_is_known_to_the_next_process)
    monkeypatch.setattr("orchestrator.language.suites.inspect.getfile", lambda _: str(code))
    monkeypatch.setattr(suites, "READER", "orchestrator.suites.reading")
    read_suite(suite, {"bdo.person": word})
    monkeypatch.setattr(suites, "READER", "no_such_program")
    _another_process()
    read_suite(suite, {"bdo.person": word})
    code.write_text("A = 22\n", encoding="utf-8")
    _another_process()
    with pytest.raises(SuiteNotRead):
        read_suite(suite, {"bdo.person": word})


def test_a_reading_that_nobody_asked_for_in_a_week_is_thrown_away_by_the_next(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = _kept(suite)
    os.utime(old, (old.stat().st_atime, old.stat().st_mtime - 8 * DAY))
    monkeypatch.setattr(suites, "READER", "orchestrator.suites.reading")
    suite.write_text(TEXT.replace("rien", "tout"), encoding="utf-8")
    read_suite(suite, {})
    (new,) = _kept(suite)
    assert new.name != old.name
