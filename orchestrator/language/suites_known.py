"""What Robot Framework understood of suites before, kept from process to process: to read one takes most of a second of a core.

A reading is known by all that it depends on: the texts of the suite's folder, our own code, Python and what is installed with
it. It lies in a folder of our own, and in nobody else's, that the sessions of a machine share although each drafts in one of
its own.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

_OURS = Path(__file__).resolve().parents[1]
#: The environment variable that says below which folder readings lie, when it is not that of temporary files.
BELOW = "GLR_READINGS"
#: Days after which a reading that nobody asked for is thrown away.
_DAYS = 7


def key_of(about: Sequence[str], code: Sequence[str]) -> str:
    """Return the name of a reading.

    :param about: what it was asked of: the suite and the digest of its folder.
    :param code: the folders of the keywords that the suite may call.
    """
    return sha256("\0".join([*about, *_environment(tuple(code))]).encode()).hexdigest()


def known(key: str) -> str | None:
    """Return a reading; None when there is none, or its folder is not ours alone."""
    try:
        file = _folder() / key
        text = file.read_text(encoding="utf-8")
        os.utime(file)
    except OSError:
        return None
    return text


def keep(key: str, text: str) -> None:
    """Keep a reading for the processes to come; without room or right for it, they read again."""
    with suppress(OSError):
        folder = _folder()
        partial = folder / f"{key}.{os.getpid()}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / key)
        for file in folder.iterdir():
            if file.stat().st_mtime < time.time() - _DAYS * 86_400:
                file.unlink()


def _folder() -> Path:
    """Return the folder of readings; raises ``OSError`` when others may write there."""
    folder = Path(os.environ.get(BELOW) or tempfile.gettempdir()) / f"glr-lectures-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(folder)
    return folder


@cache
def _environment(code: tuple[str, ...]) -> list[str]:
    installed = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    changed = [str(folder.stat().st_mtime_ns) for folder in installed if folder.is_dir()]
    ours = [line for folder in sorted({str(_OURS), *code}) for line in _files(Path(folder))]
    return [sys.version, sys.prefix, *changed, *ours]


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        found = path.stat()
        yield f"{path} {found.st_size} {found.st_mtime_ns}"
