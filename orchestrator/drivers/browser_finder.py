"""Which browser the robots use, and getting one when the machine has none.

In this order: ``GLR_BROWSER``; Playwright's own headless shell, of exactly the revision this Playwright was built
for; ``chromium-headless-shell``; ``chromium``. A headless shell starts faster and has no services of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator.domain.errors import GlrError

VARIABLE = "GLR_BROWSER"
_PACKAGE = "chromium-headless-shell"
#: What Playwright's driver (Node) needs, and that package does not ask for.
_DRIVER_PACKAGE = "libatomic1"
_ON_PATH = ("chromium-headless-shell", "chromium")
#: What Debian's command of that name starts, and waits for: whoever ends the command (chromedriver) would leave the browser.
_BEHIND = {"/usr/bin/chromium-headless-shell": Path("/usr/lib/chromium/chromium-headless-shell")}
_SHELL_NAMES = ("chrome-headless-shell", "headless_shell")
_PATIENCE_SECONDS = 1800
Say = Callable[[str], object]


class BrowserNotFound(GlrError):
    """Aucun navigateur."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            f"{detail}Aucun navigateur utilisable : installer `apt install {_PACKAGE} {_DRIVER_PACKAGE}` (ou chromium), "
            f"ou `playwright install --with-deps --only-shell chromium`, ou donner son chemin dans {VARIABLE}."
        )


class BrowserKind(Enum):
    """What sort of browser it is."""

    HEADLESS_SHELL = "headless_shell"
    """Chromium without a window system."""
    CHROMIUM = "chromium"
    """A whole Chromium, run headless."""


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser of this machine."""

    #: Its program.
    path: Path
    #: What sort it is.
    kind: BrowserKind


def find_browser() -> Browser:
    """Return the browser to use.

    :raises BrowserNotFound: none, or ``GLR_BROWSER`` names nothing that can be executed.
    """
    given = os.environ.get(VARIABLE)
    if given:
        found = shutil.which(given)
        if found is None:
            raise BrowserNotFound(f"{VARIABLE}={given} n'est pas un programme. ")
        return _browser(Path(found))
    for path in _candidates():
        return _browser(path)
    raise BrowserNotFound


def ensure_browser(say: Say = lambda _: None) -> Browser:
    """Return the browser to use, installing one first when there is none.

    As root: the distribution's package, else (Ubuntu has none) Playwright's with its system libraries. Otherwise:
    Playwright's, in the user's cache.

    :param say: told in French what is going on; the output of the installers is told only when they fail.
    :raises BrowserNotFound: nothing could be installed; the sentence says what to do.
    """
    try:
        return find_browser()
    except BrowserNotFound:
        if os.environ.get(VARIABLE):
            raise
    for attempt in _attempts(say):
        browser = _usable(say) if attempt() else None
        if browser:
            say(f"Navigateur : {browser.path}")
            return browser
    raise BrowserNotFound


def _browser(path: Path) -> Browser:
    is_shell = any(name in path.name for name in (*_SHELL_NAMES, _PACKAGE))
    return Browser(path=path, kind=BrowserKind.HEADLESS_SHELL if is_shell else BrowserKind.CHROMIUM)


def _candidates() -> Iterator[Path]:
    yield from _of_playwright()
    for name in _ON_PATH:
        found = shutil.which(name)
        if found and "snap" not in Path(found).resolve().parts:  # a snap cannot use our temporary profiles
            behind = _BEHIND.get(found)
            yield behind if behind and behind.exists() else Path(found)


def _of_playwright() -> Iterator[Path]:
    """Yield Playwright's headless shell, if it is installed whole and of the right revision."""
    spec = importlib.util.find_spec("playwright")
    if spec is None or spec.origin is None:
        return
    package = Path(spec.origin).parent / "driver" / "package"
    browsers = json.loads((package / "browsers.json").read_text(encoding="utf-8"))["browsers"]
    revisions = [browser["revision"] for browser in browsers if browser["name"] == _PACKAGE]
    for revision in revisions:
        folder = _registry(package) / f"chromium_headless_shell-{revision}"
        if (folder / "INSTALLATION_COMPLETE").exists():
            yield from (path for name in _SHELL_NAMES for path in folder.glob(f"*/{name}"))


def _registry(package: Path) -> Path:
    """Where Playwright keeps its browsers, as its own documentation says."""
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if named == "0":
        return package / ".local-browsers"
    if named:
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"


def _attempts(say: Say) -> Iterator[Callable[[], bool]]:
    playwright = [sys.executable, "-m", "playwright", "install", "--only-shell"]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        yield lambda: _install_with_apt(say)
        yield lambda: _run([*playwright, "--with-deps", "chromium"], "navigateur de Playwright", say)
    else:
        yield lambda: _run([*playwright, "chromium"], "navigateur de Playwright", say)


def _install_with_apt(say: Say) -> bool:
    return install_packages(say, _PACKAGE, _DRIVER_PACKAGE)


def install_packages(say: Say, *packages: str) -> bool:
    """Install packages of the distribution, as root; True when it worked, else what the installer wrote was told."""
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    _run([*apt, "update"], "liste des paquets", say)
    return _run([*apt, "install", "-y", "--no-install-recommends", *packages], f"paquet {packages[0]}", say)


def _run(command: Sequence[str], what: str, say: Say) -> bool:
    """Run an installer without a word; on failure tell all that it wrote."""
    say(f"Installation : {what}…")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"Échec : {what} : {error}")
        return False
    if done.returncode != 0:
        say(f"Échec : {what}\n{done.stdout}".rstrip())
    return done.returncode == 0


def _usable(say: Say) -> Browser | None:
    """Return the browser just installed if it runs; one without its system libraries does not."""
    try:
        browser = find_browser()
    except BrowserNotFound:
        return None
    if _run([str(browser.path), "--version"], f"essai de {browser.path.name}", say):
        return browser
    return None


def main() -> int:
    """Make sure that there is a browser; exit code 0, or 1 with one French line."""
    try:
        ensure_browser(lambda said: sys.stderr.write(f"{said}\n"))
    except BrowserNotFound as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
