"""A browser hears the last ``--disable-features`` alone: ours must keep what Playwright asks for."""

from __future__ import annotations

import psutil

from orchestrator.drivers.browser import open_browser

_SAID = "--disable-features="


async def test_what_playwright_switches_off_stays_off() -> None:
    before = {each.pid for each in psutil.Process().children(recursive=True)}
    async with open_browser():
        started = [each for each in psutil.Process().children(recursive=True) if each.pid not in before]
        commands = [each.cmdline() for each in started]
    (command,) = (each for each in commands if "--remote-debugging-pipe" in each and not _renders(each))
    asked, ours = (set(word.removeprefix(_SAID).split(",")) for word in command if word.startswith(_SAID))
    assert asked - ours == set(), "to be added to _OFF in orchestrator/drivers/browser.py"
    assert ours - asked == {"RenderDocument"}, "what Playwright asks for no more leaves _OFF too"


def _renders(command: list[str]) -> bool:
    """Say whether this is a child of a browser, which bears its switches too."""
    return any(word.startswith("--type=") for word in command)
