"""Excel and OpenDocument: the same rows, and every loss of a spreadsheet told, never guessed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from delivery_files import COLUMNS, NIR, OTHER_NIR, Rules, ods_cell, ods_row, write_ods
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.sources import SheetSource, Total
from orchestrator.drivers.deliveries import Delivery, read_delivery

EXCEL = SheetSource(
    kind="excel",
    pattern="*.xlsx",
    sheet=None,
    header=1,
    trailer_rows=True,
    bad_rows="set aside",
    total=Total(of="amount"),
)
ODS = replace(EXCEL, kind="ods", pattern="*.ods")
GOOD = (NIR, "Le Gall", "000123", 1205.1, date(2026, 3, 24))
NOON = datetime(2026, 3, 24, 12)  # noqa: DTZ001 - as a sheet has it
OTHER = (OTHER_NIR, "Cœur-Noël", "AT26000102", 0.1 + 0.2, datetime(2026, 3, 25))  # noqa: DTZ001 - as a sheet has it
READ = [
    (NIR, "Le Gall", "000123", "1205,10", "2026-03-24"),
    (OTHER_NIR, "Cœur-Noël", "AT26000102", "0,30", "2026-03-25"),
]
Change = Callable[[Worksheet], None]


def excel(path: Path, rows: Sequence[Sequence[Any]], change: Change | None = None, *, mac: bool = False) -> Path:
    book = openpyxl.Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Anomalies"
    for row in rows:
        sheet.append(list(row))
    if change:
        change(sheet)
    book.save(path)
    return path


def table(*rows: Sequence[Any], announced: int | None = None, total: float = 1205.4) -> list[Sequence[Any]]:
    return [COLUMNS, *rows, ("FIN", len(rows) if announced is None else announced, total)]


def values(delivery: Delivery) -> list[tuple[str, ...]]:
    return [tuple(row.values.values()) for row in delivery.rows]


@pytest.mark.parametrize("mac", [False, True], ids=["1900", "1904"])
def test_an_excel_sheet_gives_the_rows_of_the_csv_in_both_date_systems(tmp_path: Path, *, mac: bool) -> None:
    delivery = read_delivery(excel(tmp_path / "a.xlsx", table(GOOD, OTHER), mac=mac), Rules(source=EXCEL))

    assert (values(delivery), delivery.bad, delivery.total_rows) == (READ, [], 2)
    assert [row.line for row in delivery.rows] == [2, 3]


def test_an_opendocument_sheet_gives_the_same_rows(tmp_path: Path) -> None:
    rows = [
        ods_row(COLUMNS),
        ods_row([NIR, "Le Gall", "000123", ods_cell("float", "1205.1", "1 205,10"), ods_cell("date", "2026-03-24")]),
        ods_row(
            [OTHER_NIR, "Cœur-Noël", "AT26000102", ods_cell("currency", "0.30000000000000004", "0,30 €"),
             ods_cell("date", "2026-03-25T00:00:00")]
        ),
        ods_row(["FIN", ods_cell("float", "2"), ods_cell("float", "1205.4")]),
    ]  # fmt: skip
    delivery = read_delivery(write_ods(tmp_path / "a.ods", rows), Rules(source=ODS))

    assert (values(delivery), delivery.bad) == (READ, [])


def test_digits_that_the_sheet_itself_shows_keep_their_zeros(tmp_path: Path) -> None:
    def pad(sheet: Worksheet) -> None:
        sheet["C2"].number_format = "000000"

    book = excel(tmp_path / "a.xlsx", table((NIR, "Le Gall", 123, 1, GOOD[4]), total=1), pad)
    padded = ods_cell("float", "123", "000123")
    sheet = write_ods(
        tmp_path / "a.ods",
        [ods_row(COLUMNS), ods_row([NIR, "Le Gall", padded, "1,00", "24/03/2026"]), ods_row(["FIN", "1", "1,00"])],
    )

    assert [row.values["stop_id"] for row in read_delivery(book, Rules(source=EXCEL)).rows] == ["000123"]
    assert [row.values["stop_id"] for row in read_delivery(sheet, Rules(source=ODS)).rows] == ["000123"]


_UNVERIFIED = " ; sans son montant, le total annoncé n'est plus vérifié"
_NIR = (
    "colonne « N° assuré » : NIR enregistré comme un nombre par un tableur (1,85026E+14) : redemander le fichier, cette "
    "colonne au format Texte"
)
_NO_DATE = "une date du tableur ne va que dans une colonne de dates"
_NO_VALUE = "cellule en erreur, ou heure : une valeur simple était attendue"
_LOST = "des zéros de tête ont pu être perdus : redemander le fichier, cette colonne au format Texte"
BAD: list[tuple[str, int, Any, str]] = [
    ("NIR as a number", 0, int(NIR),
     f"{_NIR}{_UNVERIFIED}"),
    ("NIR as scientific text", 0, "1,85026E+14",
     "colonne « N° assuré » : NIR abîmé par un tableur (notation scientifique) : redemander le fichier en texte"),
    ("zeros lost", 2, 123, f"colonne « Réf. arrêt » : nombre dans une colonne de texte, {_LOST}{_UNVERIFIED}"),
    ("a date as text", 2, date(2026, 3, 24), f"colonne « Réf. arrêt » : {_NO_DATE}{_UNVERIFIED}"),
    ("a number as date", 4, 46105, f"colonne « Date » : un nombre à la place d'une date{_UNVERIFIED}"),
    ("an hour", 4, NOON, f"colonne « Date » : date sans heure attendue{_UNVERIFIED}"),
    ("a time alone", 4, time(8, 30), f"colonne « Date » : {_NO_VALUE}{_UNVERIFIED}"),
    ("an error", 1, "#N/A", f"colonne « Nom de naissance » : {_NO_VALUE}{_UNVERIFIED}"),
    ("an empty cell", 2, None, "colonne « Réf. arrêt » : valeur obligatoire, vide dans le fichier"),
    ("beyond the centime", 3, 12.345,
     f"colonne « Montant » : montant à plus de deux décimales : le tableur l'arrondit à l'affichage{_UNVERIFIED}"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "reason"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_what_a_spreadsheet_lost_is_set_aside_and_told(place: int, value: Any, reason: str, tmp_path: Path) -> None:
    bad = [NIR, "Le Gall", "X1", 1, date(2026, 3, 24)]
    bad[place] = value
    total = 1205.4 if place == 3 else 1206.4
    delivery = read_delivery(excel(tmp_path / "a.xlsx", table(GOOD, bad, OTHER, total=total)), Rules(source=EXCEL))

    assert [(row.line, row.reason) for row in delivery.bad] == [(3, reason)]
    assert values(delivery) == READ


def hide(sheet: Worksheet) -> None:
    sheet.row_dimensions[3].hidden = True


def merge(sheet: Worksheet) -> None:
    sheet.merge_cells("A1:B1")


def second(sheet: Worksheet) -> None:
    assert sheet.parent is not None
    sheet.parent.create_sheet("Autre")


REFUSED: list[tuple[str, list[Sequence[Any]], Change | None, str]] = [
    ("a hidden row", table(GOOD, OTHER), hide,
     "ligne 3 : ligne(s) masquée(s) ou filtrée(s) : 3. Les afficher ou les supprimer, puis redéposer"),
    ("merged headers", table(GOOD, OTHER), merge, "ligne 1 : cellules fusionnées : les défusionner, puis redéposer"),
    ("two sheets", table(GOOD, OTHER), second,
     "ligne 1 : une seule feuille était attendue, 2 trouvées : dire laquelle avec sheet"),
    ("a row missing", table(GOOD, announced=2, total=1205.1), None, "ligne 3 : 2 lignes étaient annoncées, 1 trouvées"),
    ("another total", table(GOOD, OTHER, total=1205.5), None,
     "ligne 4 : un total de 1\u00a0205,50\u00a0€ était annoncé, 1\u00a0205,40\u00a0€ trouvé"),
    ("no trailer", [COLUMNS, GOOD], None,
     "ligne 2 : une dernière ligne FIN | <nombre de lignes> | <total> était attendue, elle manque : le fichier est incomplet"),
    ("another header", [["NIR", *COLUMNS[1:]], GOOD], None,
     f"ligne 1 : l'en-tête « {' | '.join(COLUMNS)} » était attendu, trouvé autre chose : il manque « N° assuré »"),
    ("an empty sheet", [], None, "ligne 1 : un en-tête de 5 colonnes était attendu, la ligne est vide"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "change", "sentence"), [each[1:] for each in REFUSED], ids=[e[0] for e in REFUSED])
def test_a_workbook_is_refused_whole(
    rows: list[Sequence[Any]], change: Change | None, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BadDelivery) as caught:
        read_delivery(excel(tmp_path / "a.xlsx", rows, change), Rules(source=EXCEL))

    assert str(caught.value) == f"Livraison « a.xlsx » refusée, {sentence}. Rien n'a été chargé."


@pytest.mark.parametrize("how", ["collapse", "filter"])
def test_an_opendocument_sheet_with_hidden_rows_is_refused(how: str, tmp_path: Path) -> None:
    rows = [ods_row(COLUMNS), ods_row(["x"], f' table:visibility="{how}"')]
    with pytest.raises(BadDelivery, match="ligne 2 : ligne\\(s\\) masquée\\(s\\) ou filtrée\\(s\\) : 2"):
        read_delivery(write_ods(tmp_path / "a.ods", rows), Rules(source=ODS))


def test_an_opendocument_sheet_with_merged_cells_is_refused(tmp_path: Path) -> None:
    rows = [ods_row([ods_cell("string", "N° assuré", more=' table:number-columns-spanned="2"')])]
    with pytest.raises(BadDelivery, match="ligne 1 : cellules fusionnées"):
        read_delivery(write_ods(tmp_path / "a.ods", rows), Rules(source=ODS))


def test_a_sheet_is_chosen_by_its_title_and_its_header_by_its_row(tmp_path: Path) -> None:
    rows = [("Liste du jour",), (), *table(GOOD, OTHER)]
    source = replace(EXCEL, sheet="Anomalies", header=3)
    delivery = read_delivery(excel(tmp_path / "a.xlsx", rows, second), Rules(source=source))

    assert values(delivery) == READ
    with pytest.raises(BadDelivery, match="la feuille « Relevé » était attendue, elle manque"):
        read_delivery(tmp_path / "a.xlsx", Rules(source=replace(source, sheet="Relevé")))


@pytest.mark.parametrize("kind", ["excel", "ods"])
@pytest.mark.parametrize(
    "content",
    [b"", b"N\xb0 assur\xe9;Nom", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), b"PK\x03\x04broken"],
    ids=["empty", "a CSV", "locked by a password", "damaged"],
)
def test_what_is_no_workbook_is_refused_with_a_reason(content: bytes, kind: str, tmp_path: Path) -> None:
    source = EXCEL if kind == "excel" else ODS
    path = tmp_path / f"a{source.pattern[1:]}"
    path.write_bytes(content)
    with pytest.raises(BadDelivery, match="lisible était attendu, ni protégé par mot de passe, ni d'un autre format"):
        read_delivery(path, Rules(source=source))


@pytest.mark.parametrize("kind", ["excel", "ods"])
def test_a_workbook_that_would_fill_memory_is_refused(kind: str, tmp_path: Path) -> None:
    source = EXCEL if kind == "excel" else ODS
    path = tmp_path / f"a{source.pattern[1:]}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", bytes(5_000_000))
    with pytest.raises(BadDelivery, match="démesuré une fois décompressé"):
        read_delivery(path, Rules(source=source))


def test_an_opendocument_sheet_with_entities_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", bomb)
    with pytest.raises(BadDelivery, match="DTD"):
        read_delivery(path, Rules(source=ODS))
