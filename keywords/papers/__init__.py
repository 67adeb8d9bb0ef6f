"""Documents that people have deposited on a site: looked at before anything is made of them."""

from __future__ import annotations

from datetime import date
from hashlib import file_digest, sha256
from pathlib import Path

from keywords.documents import pdf
from keywords.papers.models import Paper
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import extract
from orchestrator.domain.ports import Workshop

#: How a PDF begins and ends, blanks aside; the GED takes nothing else.
_HEAD, _TAIL = b"%PDF-", b"%%EOF"


@extract(
    "papers.read",
    "Une pièce déposée : PDF entier, sans mot de passe ? De quelle taille et de quelle empreinte ?",
)
async def read(workshop: Workshop, *, folder: str, name: str, largest: int, day: date) -> Paper:
    """Look at a file of a declared folder; what is wrong with it is its ``state``, for controls to judge.

    Sizes in bytes; what is larger than ``largest`` is not opened. ``day`` is that of the deposit. A name that leads out of
    the folder is as good as absent; one that holds a NIR is a ``BusinessException`` PERSONNEL. Source: DOMAIN §6, item 2 (PDF
    real and not encrypted, size, duplicates by digest). Example: ``extract: papers.read`` with ``folder: depots``, ``name:
    ${name}``, ``largest: ${max_size}`` and ``day: ${deposited_on}``, then ``D-PROTEGE: paper.state != "PROTEGE"``.
    """
    period = Period(day, day)
    try:
        path = workshop.existing(folder, name)
    except BusinessException as error:
        if error.code == "PERSONNEL":
            raise
        workshop.found(folder, "?")  # a folder that was not declared is said as such
        return Paper(state="ABSENT", period=period)
    size = path.stat().st_size
    if size > largest:
        return Paper(state="TROP_GRAND", size=size, digest=_digest_of(path), period=period)
    content = path.read_bytes()
    state, pages = await _opened(workshop, str(path), content)
    found = Paper(state=state, size=len(content), digest=sha256(content).hexdigest(), pages=pages, period=period)
    return found.holding(content)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


async def _opened(workshop: Workshop, path: str, content: bytes) -> tuple[str, int]:
    if not content.startswith(_HEAD):
        return "AUTRE", 0
    if not content.rstrip().endswith(_TAIL):
        return "ILLISIBLE", 0
    try:
        pages = await workshop.run(pdf.pages, path=path)
    except BusinessException as error:
        return ("PROTEGE" if error.code == "PDF-PROTEGE" else "ILLISIBLE"), 0
    return ("LISIBLE" if pages else "ILLISIBLE"), pages
