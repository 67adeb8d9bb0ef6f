"""Deliveries written by tests as the programs of a back office write them, and the scenario that reads them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from orchestrator.domain.sources import FileSource
from orchestrator.language.case_model import CaseModel
from orchestrator.language.expressions import Expression, parse
from orchestrator.language.fields import Field
from orchestrator.language.templates import Template

COLUMNS = ("N° assuré", "Nom de naissance", "Réf. arrêt", "Montant", "Date")
NIR, OTHER_NIR = "185026199900189", "285026199900238"


def _insert(name: str) -> Expression:
    return Expression(text=name, place="clé", line=1, tree=parse(name))


def case_of() -> CaseModel:
    """A person, a stop, an amount and a day."""
    return CaseModel(
        key=Template(text="", pieces=("", "/", ""), inserts=(_insert("nir"), _insert("stop_id"))),
        fields={
            "nir": Field(name="nir", type="nir", column=COLUMNS[0]),
            "birth_name": Field(name="birth_name", type="name", column=COLUMNS[1], max=20),
            "stop_id": Field(name="stop_id", type="text", column=COLUMNS[2], max=20),
            "amount": Field(name="amount", type="euros", column=COLUMNS[3]),
            "raised_on": Field(name="raised_on", type="date", column=COLUMNS[4], format="JJ/MM/AAAA"),
        },
    )


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a scenario with one source says of its deliveries."""

    source: FileSource
    case: CaseModel = field(default_factory=case_of)

    @property
    def sources(self) -> tuple[FileSource]:
        """Where its cases come from."""
        return (self.source,)


_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"


def ods_cell(kind: str, value: str, shown: str | None = None, more: str = "") -> str:
    """One cell of an ODS sheet, as LibreOffice writes it."""
    name = {"date": "date-value", "boolean": "boolean-value"}.get(kind, "value")
    given = "" if kind == "string" else f' office:{name}="{escape(value)}"'
    text = f"<text:p>{escape(shown if shown is not None else value)}</text:p>"
    return f'<table:table-cell office:value-type="{kind}"{given}{more}>{text}</table:table-cell>'


def ods_row(cells: Iterable[str], more: str = "") -> str:
    """One row of an ODS sheet; a plain text becomes a cell of text."""
    said = (cell if cell.startswith("<") else ods_cell("string", cell) for cell in cells)
    return f"<table:table-row{more}>{''.join(said)}</table:table-row>"


def write_ods(path: Path, rows: Sequence[str], title: str = "Anomalies", before: str = "") -> Path:
    """Write an ODS workbook of one sheet, with the million empty rows that programs end it with."""
    empty = '<table:table-cell table:number-columns-repeated="1024"/>'
    tail = f'<table:table-row table:number-rows-repeated="1048000">{empty}</table:table-row>'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{_OFFICE}office:1.0" '
        f'xmlns:table="{_OFFICE}table:1.0" xmlns:text="{_OFFICE}text:1.0" office:version="1.2"><office:body>'
        f'<office:spreadsheet>{before}<table:table table:name="{title}"><table:table-column/>'
        f"{''.join(rows)}{tail}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
    return path
