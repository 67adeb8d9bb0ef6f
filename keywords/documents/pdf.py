"""RPA.PDF at work, in the helper process."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import BusinessException

#: Millimetres.
MARGIN = 20


def pages(path: str) -> int:
    """Return how many pages a PDF has."""
    with _opened(path) as pdf:
        return int(pdf.get_number_of_pages())


def text_of(path: str, page: int) -> str:
    """Return the text of a page, 1 being the first, one line for each box of text."""
    with _opened(path) as pdf:
        _check_page(pdf, page)
        boxes = pdf.get_text_from_pdf(pages=page, details=True)[page]
        return "\n".join(text for box in boxes if (text := box.text.strip()))


def after_label(path: str, page: int, label: str) -> list[str]:
    """Return the values that stand after a label on a page, each once: on its line, else in the box at its right."""
    on_line = re.compile(rf"{re.escape(label)}\s*:\s*(?P<rest>.+)", re.IGNORECASE)
    with _opened(path) as pdf:
        _check_page(pdf, page)
        boxes = pdf.get_text_from_pdf(pages=page, details=True)[page]
        lines = [line.strip() for box in boxes for line in box.text.splitlines()]
        found = [match["rest"].strip() for line in lines if (match := on_line.fullmatch(line))]
        return list(dict.fromkeys(found or _at_the_right(pdf, page, label)))


def write(html: str, path: str) -> None:
    """Write a page of HTML as a PDF."""
    from RPA.PDF import PDF  # noqa: PLC0415 - only the helper process imports it

    PDF().html_to_pdf(html, path, margin=MARGIN)


def write_dated(html: str, path: str, day: str) -> None:
    """Write a page of HTML as a PDF that says it was made at the opening of a day, ISO: the same page gives the same bytes."""
    from RPA.PDF.keywords.document import PDF  # noqa: PLC0415 - only the helper process imports it

    sheet = PDF()
    sheet.set_creation_date(datetime.fromisoformat(day).replace(tzinfo=UTC))
    sheet.core_fonts_encoding = "utf-8"
    sheet.add_unicode_fonts()
    sheet.set_margin(MARGIN)
    sheet.add_page()
    sheet.write_html(html)
    sheet.output(name=path)


def _at_the_right(pdf: Any, page: int, label: str) -> list[str]:  # noqa: ANN401 - RPA's own class
    alone = f"regex:(?i)^\\s*{re.escape(label)}\\s*:?\\s*$"
    matches = pdf.find_text(alone, pagenum=page, direction="right") or []
    return [match.neighbours[0].strip() for match in matches if match.neighbours]


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    from pdfminer.psexceptions import PSException  # noqa: PLC0415 - only the helper process imports them
    from pypdf.errors import FileNotDecryptedError, PyPdfError  # noqa: PLC0415
    from RPA.PDF import PDF  # noqa: PLC0415

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    pdf = PDF()
    try:
        pdf.open_pdf(path)
        yield pdf
    except FileNotDecryptedError:
        why = f"« {Path(path).name} » est protégé par un mot de passe. Le demander sans protection."
        raise BusinessException("PDF-PROTEGE", why) from None
    except (PyPdfError, PSException, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        why = f"« {Path(path).name} » n'est pas un PDF, ou il est abîmé. Le redemander."
        raise BusinessException("PDF-ILLISIBLE", why) from None
    finally:
        pdf.close_all_pdfs()


def _check_page(pdf: Any, page: int) -> None:  # noqa: ANN401
    count = pdf.get_number_of_pages()
    if not 1 <= page <= count:
        raise BusinessException("PDF-PAGE", f"Page {page} demandée, le document en a {count}.")
