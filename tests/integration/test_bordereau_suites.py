"""Running Robot Framework suites: each way to end, and what a suite may know."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from orchestrator.domain.personal import Secret
from orchestrator.drivers.robot_suites import SuiteEnd, SuiteFailed, SuiteResult, run_suite


def _suite(folder: Path, body: str, settings: str = "") -> Path:
    path = folder / "essai.robot"
    header = f"*** Settings ***\n{settings}\n" if settings else ""
    path.write_text(f"{header}*** Test Cases ***\nEssai\n{body}", encoding="utf-8")
    return path


async def _run(suite: Path, output: Path, limit: float = 60) -> SuiteResult:
    return await run_suite(suite, variables={"NOMBRE": 3}, output=output, limit=limit)


async def test_a_suite_that_passes_gets_its_variables_and_leaves_its_output(tmp_path: Path) -> None:
    suite = _suite(tmp_path, "    Should Be Equal    ${NOMBRE}    3\n")
    result = await _run(suite, tmp_path / "out")
    assert result == SuiteResult(end=SuiteEnd.PASSED, code=0, messages=(), output=tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["console.txt", "output.xml", "verdict.json"]


async def test_a_failure_keeps_the_message_of_each_failed_test(tmp_path: Path) -> None:
    suite = _suite(
        tmp_path, "    Fail    Montant différent\nAutre\n    Log    ${NOMBRE}\nEncore\n    Fail    Trop tard\n"
    )
    result = await _run(suite, tmp_path / "out")
    assert (result.end, result.code) == (SuiteEnd.FAILED, 2)
    assert result.messages == ("Essai : Montant différent", "Encore : Trop tard")
    assert "essai.robot » n'a pas abouti : Essai : Montant différent" in str(SuiteFailed(suite, result))


@pytest.mark.parametrize("content", [None, "", "*** Keywords ***\nRien\n    No Operation\n"])
async def test_a_suite_that_cannot_be_run_is_invalid_and_says_so(content: str | None, tmp_path: Path) -> None:
    suite = tmp_path / "essai.robot"
    if content is not None:
        suite.write_text(content, encoding="utf-8")
    result = await _run(suite, tmp_path / "out")
    assert (result.end, result.code) == (SuiteEnd.INVALID, 252)
    assert "ne peut pas être lue" in str(SuiteFailed(suite, result))


async def test_a_suite_that_hangs_is_killed_at_its_limit_with_what_it_started(tmp_path: Path) -> None:
    late = tmp_path / "late"
    program = f"import time,pathlib;time.sleep(3);pathlib.Path({str(late)!r}).write_text('x')"
    (tmp_path / "child.py").write_text(program, encoding="utf-8")
    suite = _suite(
        tmp_path,
        f"    Start Process    {sys.executable}    {tmp_path}/child.py\n    Sleep    60\n",
        "Library    Process",
    )
    result = await _run(suite, tmp_path / "out", limit=2)
    assert (result.end, result.messages) == (SuiteEnd.TIMED_OUT, ())
    await asyncio.sleep(3)
    assert not late.exists()


async def test_a_suite_whose_process_dies_has_crashed(tmp_path: Path) -> None:
    suite = _suite(tmp_path, "    Evaluate    os.kill(os.getpid(), 9)    modules=os\n")
    result = await _run(suite, tmp_path / "out")
    assert (result.end, result.code) == (SuiteEnd.CRASHED, -9)


async def test_the_verdict_of_an_earlier_run_is_never_taken_for_this_one(tmp_path: Path) -> None:
    await _run(_suite(tmp_path, "    Fail    Ancien\n"), tmp_path / "out")
    result = await _run(_suite(tmp_path, "    Evaluate    os.kill(os.getpid(), 9)    modules=os\n"), tmp_path / "out")
    assert result.messages == ()


async def test_a_cancelled_suite_leaves_no_process(tmp_path: Path) -> None:
    late = tmp_path / "late"
    suite = _suite(tmp_path, f"    Sleep    4\n    Create File    {late}    x\n", "Library    OperatingSystem")
    running = asyncio.create_task(_run(suite, tmp_path / "out"))
    await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(4)
    assert not late.exists()


async def test_a_suite_knows_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GLR_DATABASE_URL", "PGPASSWORD", "SOME_TOKEN"):
        monkeypatch.setenv(name, "planted-in-the-environment")
    suite = _suite(tmp_path, "    Log Environment Variables\n", "Library    OperatingSystem")
    result = await _run(suite, tmp_path / "out")
    assert result.end is SuiteEnd.PASSED
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert b"PATH" in written
    assert b"planted" not in written


async def test_a_secret_is_never_given_to_a_suite(tmp_path: Path) -> None:
    suite = _suite(tmp_path, "    No Operation\n")
    with pytest.raises(TypeError, match="MOT_DE_PASSE"):
        await run_suite(
            suite,
            variables={"MOT_DE_PASSE": Secret("planted")},  # type: ignore[dict-item]  # what is refused
            output=tmp_path / "out",
            limit=5,
        )
    assert not (tmp_path / "out").exists()
