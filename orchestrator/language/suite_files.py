"""The files that a suite uses besides those that Robot Framework imports, and how they stand among the texts of a version.

A file counts when its name is written in the suite or in what the suite uses, and it lies beside or below. What is not taken
is not there when a case is worked: only the files of the version are.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Files of one suite, bytes of one, bytes together: people read versions, and the store keeps each for good.
MOST = 100
LARGEST = 1_000_000
TOGETHER = 5_000_000
#: How a file that is no text begins among the texts of a version.
_ENCODED = "data:application/octet-stream;base64,"
_SOURCES = {".robot", ".resource", ".py"}
_READ = _SOURCES | {".yaml", ".yml", ".json"}
_NO_PART = {"__pycache__", "robot.yaml"}
_BOM = b"\xef\xbb\xbf"


def with_files_named(used: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files used, then those that they name."""
    found = list(used)
    for path in found:  # what is found may name others
        if path.suffix in _READ:
            text = path.read_bytes().decode("utf-8", "replace")
            found += [each for each in _around(path.parent) if each not in found and _named(each, path.parent, text)]
    return tuple(found)


def too_much(files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the files that a version does not take, and why."""
    together = 0
    for number, path in enumerate(files, start=1):
        size = path.stat().st_size
        together += size
        if size > LARGEST:
            yield path, f"fait {_written(size)} octets : {_written(LARGEST)} au plus sont permis"
        elif number > MOST or together > TOGETHER:
            yield path, f"est de trop : {MOST} fichiers et {_written(TOGETHER)} octets en tout au plus"


def _written(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def text_of(path: Path) -> str:
    """Return a file as a text; one that is no text encoded."""
    content = path.read_bytes()
    if path.suffix in _SOURCES:
        content = content.removeprefix(_BOM)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = _ENCODED
    if "\0" in text or text.startswith(_ENCODED):
        return _ENCODED + "\n" + base64.encodebytes(content).decode("ascii")
    return text


def content_of(text: str) -> bytes:
    """Return what :func:`text_of` read; raises ``ValueError`` for an encoding that does not hold."""
    if not text.startswith(_ENCODED):
        return text.encode()
    try:
        return base64.b64decode(re.sub(r"\s", "", text.removeprefix(_ENCODED)), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _around(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and below, but for what is hidden, made by running, or the robot's own declaration."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part in _NO_PART or part.startswith(".") for part in parts):
            yield path.resolve()


def _named(path: Path, folder: Path, text: str) -> bool:
    """True when a text names a file, a module of Python to import, or a folder that the file is in."""
    name = re.escape(path.name)
    if re.search(rf"(?<![\w-]){name}(?![\w-])", text):
        return True
    if path.suffix == ".py" and re.search(rf"(?m)^\s*(?:from|import)\s+{re.escape(path.stem)}\b", text):
        return True
    above = path.relative_to(folder.resolve()).parts[:-1]
    names = map(re.escape, above)  # a folder alone, or followed by what is known only when the suite runs
    return any(re.search(rf"[/}}]{each}(?![\w./-])|(?<![\w.-]){each}/(?!\w)", text) for each in names)
