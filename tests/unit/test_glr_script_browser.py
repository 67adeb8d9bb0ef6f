"""Which browser is found, on machines made of temporary folders."""

from __future__ import annotations

import json
from pathlib import Path

import playwright
import pytest

from orchestrator.drivers.browser_finder import Browser, BrowserKind, BrowserNotFound, ensure_browser, find_browser


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the only folder of programs of a machine without any browser."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.delenv("GLR_BROWSER", raising=False)
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho Chromium 1\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def of_playwright(machine: Path, revision: str) -> Path:
    folder = machine / "playwright" / f"chromium_headless_shell-{revision}"
    found = program(folder / "chrome-headless-shell-linux64" / "chrome-headless-shell")
    (folder / "INSTALLATION_COMPLETE").touch()
    return found


def revision() -> str:
    package = Path(playwright.__file__).parent / "driver" / "package"
    browsers = json.loads((package / "browsers.json").read_text(encoding="utf-8"))["browsers"]
    return next(str(browser["revision"]) for browser in browsers if browser["name"] == "chromium-headless-shell")


def test_playwrights_own_comes_before_those_of_the_distribution(machine: Path) -> None:
    shell = program(machine / "bin" / "chromium-headless-shell")
    program(machine / "bin" / "chromium")
    assert find_browser() == Browser(path=shell, kind=BrowserKind.HEADLESS_SHELL)
    own = of_playwright(machine, revision())
    assert find_browser() == Browser(path=own, kind=BrowserKind.HEADLESS_SHELL)


def test_a_playwright_browser_of_another_revision_or_half_installed_is_no_candidate(machine: Path) -> None:
    of_playwright(machine, "1")
    (of_playwright(machine, revision()).parents[1] / "INSTALLATION_COMPLETE").unlink()
    chromium = program(machine / "bin" / "chromium")
    assert find_browser() == Browser(path=chromium, kind=BrowserKind.CHROMIUM)


def test_the_setting_comes_first_and_must_be_a_program(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "bin" / "chromium")
    mine = program(machine / "my browser" / "chromium")
    monkeypatch.setenv("GLR_BROWSER", str(mine))
    assert find_browser().path == mine
    monkeypatch.setenv("GLR_BROWSER", "/nowhere/chromium")
    with pytest.raises(BrowserNotFound, match="GLR_BROWSER=/nowhere/chromium n'est pas un programme"):
        ensure_browser()


def test_without_any_the_sentence_says_what_to_do(machine: Path) -> None:
    with pytest.raises(BrowserNotFound, match="apt install chromium-headless-shell"):
        find_browser()


def test_a_snap_is_no_candidate(machine: Path) -> None:
    program(machine / "snap" / "bin" / "chromium")
    (machine / "bin" / "chromium").symlink_to(machine / "snap" / "bin" / "chromium")
    with pytest.raises(BrowserNotFound):
        find_browser()
