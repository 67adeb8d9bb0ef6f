"""The bordereau of a run: the real suite of the robot, the real spreadsheet module, read back by another reader."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl  # it ships no types
import pytest

from orchestrator.drivers.bordereau import BordereauRun, write_bordereau
from orchestrator.drivers.robot_suites import SuiteFailed

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "robots" / "acompte-ij" / "bordereau.robot"
RUN = BordereauRun(
    id=UUID("5b1f7c2e-0000-4000-8000-000000000000"),
    scenario="ij-acompte",
    title="Acomptes d'indemnités journalières",
    version="c0ffee" * 8,
    robot="acompte-ij",
    run_date=date(2026, 3, 27),
    delivery="anomalies-arpege-20260327.csv",
    delivery_sha256="ab" * 32,
    delivery_rows=8,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A result, written by hand."""

    line: int
    outcome: str
    end: str | None = None
    amount_c: int | None = None
    codes: Sequence[str] = ()
    doubtful: bool = False
    reference: str | None = None
    entry_reference: str | None = None


ROWS = [
    Row(line=2, outcome="entered", amount_c=69739, reference="DOS-AAAA", entry_reference="ACP-2026-000101"),
    Row(line=3, outcome="entered", amount_c=1005, reference="DOS-BBBB", entry_reference="ACP-2026-000102"),
    Row(line=4, outcome="awaiting_approval", amount_c=80000, reference="DOS-CCCC"),
    Row(line=5, outcome="exception", amount_c=12345, codes=("C-03", "C-05"), reference="DOS-DDDD"),
    Row(line=6, outcome="exception", codes=("C-05",), reference="DOS-EEEE"),
    Row(line=7, outcome="exception", codes=("EntryInDoubt",), doubtful=True, reference="DOS-FFFF"),
    Row(line=8, outcome="set_aside", codes=("NIR",)),
    Row(line=9, outcome="nothing_to_pay", reference="DOS-GGGG"),
]


def _sheets(path: Path) -> Mapping[str, list[list[Any]]]:
    book = openpyxl.load_workbook(path)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


async def test_the_bordereau_of_a_run_has_the_right_totals(tmp_path: Path) -> None:
    folder = tmp_path / "bordereaux"
    path = await write_bordereau(SUITE, RUN, ROWS, folder)
    assert path == folder / "2026-03-27-5b1f7c2e.xlsx"
    assert [made.stat().st_mode & 0o777 for made in (folder, folder / "suites", path)] == [0o700, 0o700, 0o600]
    assert _sheets(path) == {
        "Totaux": [
            ["Exécution", "5b1f7c2e-0000-4000-8000-000000000000", None, None],
            ["Date d'exécution", "2026-03-27", None, None],
            ["Scénario", "ij-acompte : Acomptes d'indemnités journalières", None, None],
            ["Empreinte du scénario", "c0ffee" * 8, None, None],
            ["Robot", "acompte-ij", None, None],
            ["Livraison", "anomalies-arpege-20260327.csv", None, None],
            ["Empreinte de la livraison (SHA-256)", "ab" * 32, None, None],
            ["Lignes de la livraison", 8, None, None],
            [None, None, None, None],
            ["Issue", "Dossiers", "Montant (€)", "Montant (centimes)"],
            ["Saisis et relus", 2, "707,44", 70744],
            ["En attente de validation", 1, "800,00", 80000],
            ["Rien à payer", 1, None, None],
            ["Exceptions à traiter", 3, None, None],
            ["Lignes mises de côté", 1, None, None],
            ["Total de contrôle (saisis + en attente)", 3, "1507,44", 150744],
        ],
        "Dossiers": [
            ["Dossier", "Référence applicative", "Montant (€)", "Montant (centimes)", "État"],
            ["DOS-AAAA", "ACP-2026-000101", "697,39", 69739, "Saisis et relus"],
            ["DOS-BBBB", "ACP-2026-000102", "10,05", 1005, "Saisis et relus"],
            ["DOS-CCCC", None, "800,00", 80000, "En attente de validation"],
        ],
        "Exceptions": [
            ["Issue", "Code", "Dossiers"],
            ["Exceptions à traiter", "C-03", 1],
            ["Exceptions à traiter", "C-05", 2],
            ["Exceptions à traiter", "EntryInDoubt", 1],
            ["Lignes mises de côté", "NIR", 1],
            ["Saisies en doute", None, 1],
        ],
    }


async def test_a_run_without_any_entry_has_a_bordereau_of_zero(tmp_path: Path) -> None:
    path = await write_bordereau(SUITE, replace(RUN, delivery_rows=1), [ROWS[6]], tmp_path)
    sheets = _sheets(path)
    assert sheets["Totaux"][-1] == ["Total de contrôle (saisis + en attente)", 0, "0,00", 0]
    assert sheets["Dossiers"] == [["Dossier", "Référence applicative", "Montant (€)", "Montant (centimes)", "État"]]


async def test_a_reference_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    rows = [replace(ROWS[0], entry_reference='=HYPERLINK("http://x")', reference="DOS\x07")]
    path = await write_bordereau(SUITE, replace(RUN, delivery_rows=1), rows, tmp_path)
    cells = openpyxl.load_workbook(path)["Dossiers"][2]
    assert [(cell.value, cell.data_type) for cell in cells[:2]] == [
        ("DOS?", "s"),
        ('\'=HYPERLINK("http://x")', "s"),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ROWS[:7], "La livraison compte 8 lignes et les résultats 7"),
        ([*ROWS[:7], replace(ROWS[7], outcome="lost")], "Ligne 9 : issue « lost » inconnue"),
        ([replace(ROWS[0], amount_c=None), *ROWS[1:]], "Ligne 2 : « Saisis et relus » sans montant."),
        ([replace(ROWS[0], entry_reference=None), *ROWS[1:]], "Ligne 2 : saisie sans référence applicative"),
        (
            [replace(ROWS[2], reference=None), *ROWS[:2], *ROWS[3:]],
            "Ligne 4 : « En attente de validation » sans référence",
        ),
    ],
    ids=["a row is missing", "unknown outcome", "no amount", "no reference of the application", "no case"],
)
async def test_results_that_do_not_add_up_give_no_bordereau_and_say_why(
    rows: Sequence[Row], expected: str, tmp_path: Path
) -> None:
    (tmp_path / RUN.file_name).write_bytes(b"an earlier bordereau")
    with pytest.raises(SuiteFailed) as refused:
        await write_bordereau(SUITE, RUN, rows, tmp_path)
    assert expected in str(refused.value)
    assert "bordereau.robot" in str(refused.value)
    assert str(tmp_path) in str(refused.value)
    assert (tmp_path / RUN.file_name).read_bytes() == b"an earlier bordereau"


async def test_a_workbook_that_reads_back_differently_is_not_given(tmp_path: Path) -> None:
    """Takes the guard's word: a suite whose sheet misses its last case must be refused by the read-back."""
    robot = tmp_path / "robots"
    robot.mkdir()
    library = (SUITE.parent / "bordereau_rows.py").read_text(encoding="utf-8")
    kept = 'return [HEADER, *(_case(row) for row in self._rows if row["outcome"] in COUNTED)]'
    assert kept in library
    lossy = library.replace(kept, kept.removesuffix("]") + "][:-1]")
    (robot / "bordereau_rows.py").write_text(lossy, encoding="utf-8")
    (robot / "bordereau.robot").write_text(SUITE.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(SuiteFailed, match="Classeur relu : 2 lignes et 70744 centimes"):
        await write_bordereau(robot / "bordereau.robot", RUN, ROWS, tmp_path / "out")
    assert not (tmp_path / "out" / RUN.file_name).exists()


async def test_a_bordereau_written_again_replaces_the_first_whole(tmp_path: Path) -> None:
    first = await write_bordereau(SUITE, RUN, ROWS, tmp_path)
    entered = replace(ROWS[2], outcome="entered", entry_reference="ACP-2026-000103")
    again = await write_bordereau(SUITE, RUN, [*ROWS[:2], entered, *ROWS[3:]], tmp_path)
    assert again == first
    assert _sheets(again)["Totaux"][10] == ["Saisis et relus", 3, "1507,44", 150744]


async def test_the_robot_is_given_results_without_anything_of_a_person(tmp_path: Path) -> None:
    await write_bordereau(SUITE, RUN, ROWS[:1] * 8, tmp_path)
    given = json.loads((tmp_path / "suites" / "2026-03-27-5b1f7c2e" / "resultats.json").read_text(encoding="utf-8"))
    assert {name for row in given["rows"] for name in row} == {
        "line", "outcome", "end", "amount_c", "codes", "doubtful", "reference", "entry_reference",
    }  # fmt: skip


def test_our_processes_import_neither_robot_framework_nor_any_rpa_module() -> None:
    program = (
        "import sys, orchestrator.cli, orchestrator.bootstrap, orchestrator.drivers.bordereau\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'RPA', 'robot', 'SeleniumLibrary'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
