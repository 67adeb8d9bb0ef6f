"""What a letter says of itself at its end, so that it can be known again; read in the helper process."""

from __future__ import annotations

from keywords.documents import pdf
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException

_REFERENCE, _PERIOD = "Référence du courrier", "Période"


def marks(token: str, period: Period) -> str:
    """Return the lines, as HTML, by which a letter is known again."""
    return f"<p>{_REFERENCE} : {token}</p><p>{_PERIOD} : {period}</p>"


def marks_of(path: str) -> list[str]:
    """Return reference and period of a letter, from the last page that has them; raises ``BusinessException``."""
    for page in range(pdf.pages(path), 0, -1):
        found = [pdf.after_label(path, page, label) for label in (_REFERENCE, _PERIOD)]
        if all(len(values) == 1 for values in found):
            return [values[0] for values in found]
    raise BusinessException("PDF-LIBELLE", "Ce document n'est pas une lettre du robot.")
