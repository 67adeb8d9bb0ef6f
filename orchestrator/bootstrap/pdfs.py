"""A PDF of our own making, written where RPA modules live: in a helper process (ADR 3)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.drivers.helper import Helper


async def pdf_of(html: str) -> bytes:
    """Return a page of HTML as a PDF; raises ``HelperFailed`` or ``TooSlow``."""
    helper = Helper()
    with TemporaryDirectory(prefix="glr-pdf-") as folder:
        path = Path(folder) / "page.pdf"
        try:
            await helper.run(import_module("keywords.documents.pdf").write, {"html": html, "path": str(path)})
        finally:
            await helper.close()
        return path.read_bytes()
