"""The generic libraries on real files, with the real RPA modules in their helper process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import zipfile
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import openpyxl
import pypdf
import pytest
from workshops import workshop_in

from keywords import archives, documents, files, spreadsheets, tables
from keywords.files.models import FoundFile
from keywords.tables.models import Column, Table
from orchestrator.domain.errors import AlreadyThere, BusinessException, TooSlow
from orchestrator.domain.money import Euros
from orchestrator.drivers.helper import Helper, HelperFailed
from orchestrator.drivers.robot_suites import SuiteEnd, run_suite
from orchestrator.drivers.workshop import RobotWorkshop

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "fichiers-et-courriels.md"
TABLE = Table(
    columns=Column.all("Dossier: text, Montant: euros, Jour: date"),
    rows=(("=A1", "697,39", "27/03/2026"), ("B", "1 234 567,89", None), ("C", "0,10", "28/03/2026")),
)


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[RobotWorkshop]:
    found = workshop_in(tmp_path)
    yield found
    await found.close()


def _code(error: pytest.ExceptionInfo[BusinessException]) -> str:
    return error.value.code


async def _put(workshop: RobotWorkshop, name: str, content: bytes) -> FoundFile:
    path = workshop.folders["in"].path / name
    path.write_bytes(content)
    return FoundFile.at("in", path)


async def test_a_table_goes_through_csv_and_excel_without_losing_a_centime(workshop: RobotWorkshop) -> None:
    csv = await _put(workshop, "a.csv", b"Dossier;Montant;Jour\n=A1;697,39;27/03/2026\nB;1 234 567,89;\n")
    read = await tables.read(workshop, file=csv, columns="Montant: euros, Dossier: text")
    assert read.rows == ((Euros(69739), "=A1"), (Euros(123456789), "B"))
    made = await spreadsheets.write(workshop, folder="out", name="t.xlsx", sheet="Feuille", table=TABLE)
    cells = list(openpyxl.load_workbook(workshop.folders["out"].path / "t.xlsx")["Feuille"].iter_rows())
    assert [cell.data_type for cell in cells[1]] == ["s", "n", "d"]
    assert cells[1][0].value == "'=A1"
    back = await spreadsheets.read(
        workshop, file=made, sheet="Feuille", columns="Dossier: text, Montant: euros, Jour: date"
    )
    assert [row[1:] for row in back.rows] == [row[1:] for row in TABLE.rows]


async def test_what_a_spreadsheet_has_spoiled_is_refused_with_its_place_and_never_its_content(
    workshop: RobotWorkshop,
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["NIR", "Montant"])
    book.active.append([185026199900189, 697.391])
    book.save(workshop.folders["in"].path / "x.xlsx")
    file = (await files.find(workshop, folder="in", pattern="x.*")).first
    for columns, said in (("NIR: nir", "Ligne 2, colonne « NIR »"), ("Montant: euros", "Ligne 2, colonne « Montant »")):
        with pytest.raises(BusinessException, match=said) as refused:
            await spreadsheets.read(workshop, file=file, sheet=book.active.title, columns=columns)
        assert _code(refused) == "CELLULE"
        assert "1850" not in str(refused.value)
        assert "697" not in str(refused.value)


async def test_a_pdf_is_made_read_and_always_ends_with_the_mention(workshop: RobotWorkshop) -> None:
    template = "<p>Bonjour</p><p>Montant : ${montant}</p><p>Date d'effet : ${jour}</p>${lignes}"
    (workshop.home / "modeles" / "m.html").write_text(template, encoding="utf-8")
    values = {"montant": Euros(120539), "jour": date(2026, 3, 27), "lignes": TABLE}
    made = await documents.make(workshop, folder="out", name="l.pdf", template="m.html", values=values)
    text = pypdf.PdfReader(workshop.folders["out"].path / "l.pdf").pages[0].extract_text()
    assert "Robot essai, version c0ffee" in re.sub(r"\s+", " ", text).replace("\n", " ")
    assert (await documents.is_pdf(workshop, file=made)).pages == 1
    assert (await documents.value(workshop, file=made, label="Montant")).amount == Euros(120539)
    assert (await documents.value(workshop, file=made, label="Date d'effet")).day == date(2026, 3, 27)
    assert not (await documents.value(workshop, file=made, label="Absent")).found
    with pytest.raises(BusinessException, match="manquent : jour, lignes ; sans emploi : rien") as refused:
        await documents.make(workshop, folder="out", name="n.pdf", template="m.html", values={"montant": 1, "rien": 2})
    assert _code(refused) == "MODELE"


async def test_encrypted_and_damaged_pdf_are_business_exceptions(workshop: RobotWorkshop) -> None:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    whole = workshop.folders["in"].path / "whole.pdf"
    writer.write(whole)
    writer.encrypt("secret")
    writer.write(workshop.folders["in"].path / "locked.pdf")
    await _put(workshop, "cut.pdf", whole.read_bytes()[:200])
    await _put(workshop, "text.pdf", b"bonjour")
    codes = {}
    for file in (await files.find(workshop, folder="in", pattern="*.pdf")).files:
        try:
            codes[file.name] = str((await documents.page_text(workshop, file=file)).found)
        except BusinessException as error:
            codes[file.name] = error.code
    assert codes == {
        "cut.pdf": "PDF-ILLISIBLE", "locked.pdf": "PDF-PROTEGE", "text.pdf": "PDF-ILLISIBLE", "whole.pdf": "False",
    }  # fmt: skip


async def test_archives_are_packed_and_opened_and_dangerous_ones_are_refused_whole(workshop: RobotWorkshop) -> None:
    one = await _put(workshop, "un.txt", b"1")
    two = await _put(workshop, "deux.txt", b"2")
    packed = await archives.make(workshop, folder="out", name="p.zip", files=[one, two])
    assert (await archives.contents(workshop, file=packed)).count == 2
    opened = await archives.unpack(workshop, file=packed, folder="out")
    assert {(file.name, file.sha256) for file in opened.files} == {(one.name, one.sha256), (two.name, two.sha256)}
    for name, members in (
        ("slip", {"../hors.txt": b"x"}),
        ("absolute", {"/tmp/hors.txt": b"x"}),
        ("bomb", {"b.txt": b"0" * 30_000_000}),
        ("many", {f"{n}.txt": b"" for n in range(1_001)}),
    ):
        path = workshop.folders["in"].path / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for member, content in members.items():
                made.writestr(member, content)
        before = sorted(workshop.folders["out"].path.iterdir())
        with pytest.raises(BusinessException, match="Rien n'en a été ouvert") as refused:
            await archives.unpack(workshop, file=FoundFile.at("in", path), folder="out")
        assert _code(refused) == "ARCHIVE"
        assert sorted(workshop.folders["out"].path.iterdir()) == before


async def test_a_name_never_leads_out_of_a_folder_and_nothing_is_overwritten(
    workshop: RobotWorkshop, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    (workshop.folders["in"].path / "lien.txt").symlink_to(tmp_path / "secret.txt")
    assert (await files.find(workshop, folder="in", pattern="*")).count == 0
    for folder, pattern in (("in", "../*"), ("ailleurs", "*"), ("in", ".*")):
        with pytest.raises(BusinessException) as refused:
            await files.find(workshop, folder=folder, pattern=pattern)
        assert _code(refused) == "DOSSIER"
    for name in ("../secret.txt", "/etc/passwd", "lien.txt", ""):
        with pytest.raises(BusinessException):
            workshop.existing("in", name)
    draft = workshop.drafts() / "d"
    draft.write_text("premier", encoding="utf-8")
    placed = workshop.place("out", "f.txt", draft)
    draft.write_text("second", encoding="utf-8")
    with pytest.raises(AlreadyThere):
        workshop.place("out", "f.txt", draft)
    assert placed.read_text(encoding="utf-8") == "premier"
    for folder, name, code in (("in", "g.txt", "DOSSIER"), ("out", "1 85 02 61 999 001 89.pdf", "PERSONNEL")):
        with pytest.raises(BusinessException) as refused:
            workshop.place(folder, name, draft)
        assert _code(refused) == code


async def test_a_moved_file_is_the_one_that_was_found_with_its_reason_beside_it(workshop: RobotWorkshop) -> None:
    draft = workshop.drafts() / "d"
    draft.write_text("contenu", encoding="utf-8")
    found = FoundFile.at("out", workshop.place("out", "f.csv", draft))
    (workshop.folders["out"].path / "f.csv").write_text("autre", encoding="utf-8")
    with pytest.raises(BusinessException, match="a changé depuis"):
        await files.move(workshop, file=found, folder="in")


async def test_a_call_that_hangs_or_dies_is_ended_and_the_next_one_works() -> None:
    helper = Helper(limit=3.0)
    began = time.monotonic()
    with pytest.raises(TooSlow):
        await helper.run(subprocess.run, {"args": ["sleep", "60"]})
    with pytest.raises(HelperFailed):
        await helper.run(os.abort, {})
    assert time.monotonic() - began < 12
    assert await helper.run(json.dumps, {"obj": 3}) == "3"
    await helper.close()


async def test_the_suite_of_the_guide_passes(tmp_path: Path) -> None:
    found = re.findall(r"```robotframework\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1
    (tmp_path / "guide.robot").write_text(found[0], encoding="utf-8")
    result = await run_suite(tmp_path / "guide.robot", variables={}, output=tmp_path / "out", limit=60)
    assert (result.end, result.messages) == (SuiteEnd.PASSED, ())


def test_comparing_says_exactly_what_is_missing_extra_and_different() -> None:
    left = Table(columns=Column.all("k: text, m: euros"), rows=(("a", "0,10"), ("b", "0,20"), ("c", "0,30")))
    right = Table(columns=Column.all("k: text, m: euros"), rows=(("b", "0,20"), ("c", "0,31"), ("d", "1,00")))
    found = tables.compared(left=left, right=right, key="k")
    assert (found.missing.rows, found.extra.rows) == ((("a", Euros(10)),), (("d", Euros(100)),))
    assert [(gap.key, gap.column) for gap in found.different] == [("c", "m")]
    assert (found.same, found.equal) == (1, False)
    assert tables.total(table=left, column="m") == Euros(60)
    assert tables.grouped(table=left, by="k", total="m").rows[1] == ("b", 1, Euros(20))
    with pytest.raises(BusinessException, match="deux fois"):
        tables.compared(left=left.with_rows([*left.rows, *left.rows]), right=right, key="k")
