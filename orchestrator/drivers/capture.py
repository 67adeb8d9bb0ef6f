"""A masked capture as evidence: default deny, a hard time limit, stored by digest (AUDIT; TRAPS, Browser)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path

from playwright.async_api import Error

from orchestrator.drivers.contracts import ApplicationContract, FieldContract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.desks import AnyDesk
from orchestrator.drivers.formats import PUBLIC
from orchestrator.drivers.screens import script
from orchestrator.drivers.terminal_desk import TerminalDesk

#: Hard limit for one capture, seconds; a capture is worth less than a lease.
LIMIT = 5.0


@dataclass(frozen=True, kw_only=True)
class Capture:
    """A stored capture."""

    #: SHA-256 of the file, which is also its name.
    digest: str
    #: Its size in bytes.
    size: int


async def capture(desk: AnyDesk, folder: Path) -> Capture | None:
    """Mask the desk's current page and store it; None when there is no page or it cannot be taken in time.

    The page is changed by the masking: the next use of the desk goes to another address anyway.
    """
    try:
        picture = await asyncio.wait_for(
            _drawn(desk) if isinstance(desk, TerminalDesk) else _masked_picture(desk), LIMIT
        )
    except (Error, TimeoutError):
        await desk.discard()
        return None
    return await asyncio.to_thread(_store, picture, folder) if picture else None


def evidence_path(folder: Path, digest: str) -> Path:
    """Return where a capture is stored."""
    return folder / digest[:2] / f"{digest}.png"


async def _masked_picture(desk: WebDesk) -> bytes | None:
    page = await desk.shown()
    if page is None:
        return None
    visible = _public_selectors(desk.contract)
    for frame in page.frames:
        await frame.evaluate(script("mask"), {"visible": visible})
    return await page.screenshot(type="png", animations="allow", caret="initial", timeout=LIMIT * 1000)


async def _drawn(desk: TerminalDesk) -> bytes | None:
    """Draw the masked text of a terminal as a picture, in a page without scripts and without network."""
    rows = desk.masked()
    if not rows:
        return None
    page = await desk.sheet()
    await page.set_content(f'<body style="background:#000;color:#3f3"><pre>{escape(chr(10).join(rows))}</pre>')
    return await page.screenshot(type="png", timeout=LIMIT * 1000)


def _public_selectors(contract: ApplicationContract) -> list[str]:
    fields: list[FieldContract] = list(contract.common.values())
    for screen in contract.screens.values():
        fields += screen.fields.values()
        fields += [column for table in screen.tables.values() for column in table.columns.values()]
    private = {field.at for field in fields if field.format not in PUBLIC}
    return sorted({*contract.public, *(field.at for field in fields if field.format in PUBLIC)} - private)


def _store(picture: bytes, folder: Path) -> Capture:
    digest = sha256(picture).hexdigest()
    path = evidence_path(folder, digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".draft")
        draft.write_bytes(picture)
        draft.rename(path)
    return Capture(digest=digest, size=len(picture))
