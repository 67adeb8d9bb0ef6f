"""The delivery of the advances in every way of writing it, and read in ARPEGE itself: the same cases, by the real command.

What must become a case is told by the practice applications: their reading of their own delivery, and their own store.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from delivery_files import ods_cell, ods_row, write_ods
from demo_house import PROJECT, TODAY, Finished, House, wait_for
from openpyxl.worksheet.worksheet import Worksheet

from orchestrator.bootstrap.practice import Practice
from orchestrator.bootstrap.processes import stop_children
from orchestrator.domain.ebcdic import decode
from orchestrator.store.vault import open_vault
from sandbox.delivery import HEADER, Line
from sandbox.delivery import read as read_by_the_applications

SOURCES = {
    "csv": '  - csv: a-*.csv\n    encoding: cp1252\n    delimiter: ";"\n    trailer: {rows: true}\n',
    "excel": "  - excel: a-*.xlsx\n    trailer: {rows: true}\n",
    "ods": "  - ods: a-*.ods\n    sheet: Anomalies\n    trailer: {rows: true}\n",
    "fixed": """\
  - fixed_width: a-*.txt
    encoding: cp297
    length: 150
    fields:
      nir:        {from: 4, length: 24}
      birth_name: {from: 28, length: 60}
      stop_id:    {from: 88, length: 24}
      anomaly:    {from: 112, length: 28}
      raised_on:  {from: 140, length: 8, format: AAAAMMJJ}
    records: {from: 1, length: 3, header: "000", detail: "001", trailer: "999"}
    trailer: {rows: {from: 4, length: 8}}
""",
    "xml": """\
  - xml: a-*.xml
    namespace: urn:practice
    each: Anomalies/Jour/Arret
    fields: {nir: Assure/Nir, birth_name: Assure/Nom, stop_id: "@ref", anomaly: Code, raised_on: Date}
    announced: {rows: Anomalies/Nombre}
""",
    "dsn": """\
  - dsn: a-*.txt
    each: S21.G00.60
    within: [S21.G00.30]
    fields: {nir: S21.G00.30.001, birth_name: S21.G00.30.002, stop_id: S21.G00.30.019,
             anomaly: S21.G00.60.001, raised_on: S21.G00.60.002}
""",
    "list": "  - extract: arpege.unpaid_stops\n    with: {day: '${run.date}'}\n",
}  # fmt: skip
#: What can be written there: œ and ’ are neither in EBCDIC nor in latin-1.
WRITTEN = {"fixed": set(decode(bytes(range(256)), "cp297")), "dsn": set(bytes(range(256)).decode("latin-1"))}
_BLOCK = re.compile(r"sources:\n(  .*\n)+")


@dataclass(frozen=True, kw_only=True)
class Office:
    """A workspace with one scenario for each way of writing the same delivery."""

    house: House
    practice: Practice

    def run(self, kind: str, *arguments: str) -> Finished:
        return self.house.run("run", f"ij-{kind}", *arguments, "--run-date", TODAY, *self.house.here)

    def cases(self, kind: str) -> list[tuple[str, ...]]:
        """The fields of each case as they were kept, sorted."""
        vault = open_vault(self.house.workspace / "secrets" / "keys.json")
        found = []
        for row in self.house.query(
            "select id, data_key, payload from glr.cases where scenario = %(s)s", s=f"ij-{kind}"
        ):
            key = vault.data_key(row["id"], row["data_key"])
            fields = vault.open(key, f"cases:payload:{row['id']}", row["payload"])["fields"]
            found.append(tuple(fields[name] for name in ("nir", "birth_name", "stop_id", "anomaly", "raised_on")))
        return sorted(found)

    def lines(self) -> list[Line]:
        """The lines that have their five columns, as the applications read their own delivery."""
        return [
            line
            for line in read_by_the_applications(self.practice.delivery.read_bytes())
            if len(line.fields) == len(HEADER)
        ]

    def expected(self) -> list[tuple[str, ...]]:
        """What must become cases, as the applications tell it."""
        return sorted(canonical(line.fields) for line in self.lines() if not line.problem)


def canonical(fields: Sequence[str]) -> tuple[str, ...]:
    nir, name, stop, anomaly, day = (field.strip() for field in fields)
    return re.sub(r"\s", "", nir).upper(), name, stop, anomaly, day_of(day)


def day_of(day: str) -> str:
    return datetime.strptime(day, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007 - a civil date


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    house = House(tmp_path_factory.mktemp("sources") / "workspace", cases=60)
    house.workspace.mkdir(mode=0o700)
    for folder in ("scenarios", "robots"):
        shutil.copytree(PROJECT / folder, house.workspace / folder)
    scenarios = house.workspace / "scenarios"
    text = (scenarios / "ij-acompte.yaml").read_text("utf-8").replace("mode: live", "mode: shadow")
    for kind, sources in SOURCES.items():
        own = _BLOCK.sub(lambda _, said=sources: f"sources:\n{said}", text, count=1)  # type: ignore[misc]
        (scenarios / f"ij-{kind}.yaml").write_text(own.replace("scenario: ij-acompte", f"scenario: ij-{kind}"), "utf-8")
        shutil.copy(scenarios / "ij-acompte.cpam-931.yaml", scenarios / f"ij-{kind}.cpam-931.yaml")
    practice = Practice(folder=house.practice, cases=60, seed=931)
    practice.make()
    yield Office(house=house, practice=practice)
    house.discard()


def write(kind: str, path: Path, lines: Sequence[Line]) -> Path:
    path = path / f"a-1.{ {'excel': 'xlsx', 'fixed': 'txt', 'dsn': 'txt'}.get(kind, kind) }"
    {"csv": _csv, "excel": _excel, "ods": _ods, "fixed": _fixed, "xml": _xml, "dsn": _dsn}[kind](path, lines)
    return path


def _csv(path: Path, lines: Sequence[Line]) -> None:
    rows = [HEADER, *(line.fields for line in lines), ("FIN", str(len(lines)))]
    path.write_bytes("".join(f"{';'.join(row)}\r\n" for row in rows).encode("cp1252"))


def _excel(path: Path, lines: Sequence[Line]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(list(HEADER))
    for line in lines:
        sheet.append([*line.fields[:4], _excel_day(line.fields[4])])
    sheet.append(["FIN", len(lines)])
    book.save(path)


def _excel_day(day: str) -> Any:
    try:
        return datetime.strptime(day, "%d/%m/%Y")  # noqa: DTZ007 - a civil date
    except ValueError:
        return day


def _ods(path: Path, lines: Sequence[Line]) -> None:
    rows = [ods_row(f"<!-- -->{ods_cell('string', text)}" for text in line.fields) for line in lines]
    write_ods(path, [ods_row(HEADER), *rows, ods_row(["FIN", ods_cell("float", str(len(lines)))])])


def _fixed(path: Path, lines: Sequence[Line]) -> None:
    table = {decode(bytes([byte]), "cp297"): bytes([byte]) for byte in range(256)}
    said = [f"{'000':<150}"]
    for line in lines:
        nir, name, stop, anomaly, day = line.fields
        said.append(f"001{nir:<24}{name:<60}{stop:<24}{anomaly:<28}{_compact(day):<8}".ljust(150))
    said.append(f"{f'999{len(lines):08}':<150}")
    path.write_bytes(b"".join(b"".join(table[each] for each in line) + b"\x25" for line in said))


def _compact(day: str) -> str:
    found = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", day.strip())
    return f"{found[3]}{found[2]}{found[1]}" if found else day.strip()[:8]


def _xml(path: Path, lines: Sequence[Line]) -> None:
    rows = []
    for line in lines:
        nir, name, stop, anomaly, day = (escape(field, {'"': "&quot;"}) for field in line.fields)
        assure = f"<Assure><Nir>{nir}</Nir><Nom>{name}</Nom></Assure>"
        rows.append(f'<Arret ref="{stop}">{assure}<Code>{anomaly}</Code><Date>{day}</Date></Arret>')
    head = f'<Anomalies xmlns="urn:practice"><Nombre>{len(rows)}</Nombre>'
    path.write_text(f"{head}<Jour>{''.join(rows)}</Jour></Anomalies>", "utf-8")


def _dsn(path: Path, lines: Sequence[Line]) -> None:
    said = ["S10.G00.00.001,'PRATIQUE'"]
    for line in lines:
        nir, name, stop, anomaly, day = line.fields
        said += [f"S21.G00.30.001,'{nir}'", f"S21.G00.30.002,'{name}'", f"S21.G00.30.019,'{stop}'"]
        said += [f"S21.G00.60.001,'{anomaly}'", f"S21.G00.60.002,'{day.strip().replace('/', '')}'"]
    said.append(f"S90.G00.90.001,'{len(said) + 1}'")
    path.write_bytes("\r\n".join(said).encode("latin-1"))


@pytest.mark.parametrize("kind", ["csv", "excel", "ods", "fixed", "xml", "dsn"])
def test_the_same_cases_come_of_every_way_of_writing_a_delivery(kind: str, office: Office, tmp_path: Path) -> None:
    checked = office.house.run(
        "check", str(office.house.workspace / "scenarios" / f"ij-{kind}.yaml"), *office.house.here
    )
    assert (checked.code, checked.err) == (0, "")
    lines, expected = office.lines(), office.expected()
    if kind in WRITTEN:  # such a name cannot be delivered that way
        lines = [line for line in lines if WRITTEN[kind].issuperset("".join(line.fields))]
        expected = sorted(canonical(line.fields) for line in lines if not line.problem)
    file = write(kind, tmp_path, lines)

    loaded = office.run(kind, str(file))
    again = office.run(kind, str(file))

    assert loaded.code == 0, loaded.err
    assert f"{len(expected)} dossiers sur {len(lines)} lignes, {len(lines) - len(expected)} mises de côté" in loaded.out
    assert office.cases(kind) == expected
    assert len(expected) > 30
    assert again.code == 3
    assert re.search(
        rf"La livraison « {file.name} » a déjà été reçue : c'est « {file.name} », du \d\d/\d\d/\d{{4}}", again.err
    )


def test_a_file_of_another_name_is_refused_with_the_names_that_are_expected(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "relances.csv"
    file.write_bytes(b"x")
    refused = office.run("csv", str(file))

    assert refused.code == 3
    assert "un nom de fichier déclaré sous sources était attendu : a-*.csv. Rien n'a été chargé." in refused.err


def test_a_scenario_that_reads_no_list_wants_a_file(office: Office) -> None:
    refused = office.run("csv")

    assert (refused.code, refused.out) == (4, "")
    assert "« ij-csv » ne lit pas de liste dans une application : donner le fichier (a-*.csv)." in refused.err


def test_a_list_read_in_arpege_is_a_delivery_once_and_a_refused_login_closes_the_application(office: Office) -> None:
    accounts = office.house.workspace / "secrets" / "acompte-ij.json"
    child, addresses = office.practice.serve(office.house.outputs / "applications.log")
    try:
        accounts.parent.mkdir(mode=0o700, exist_ok=True)
        office.practice.write_accounts(addresses, accounts)
        loaded, again = office.run("list"), office.run("list")
        planned = scheduled(office)
        spoil(accounts)
        refused, closed = office.run("list"), office.run("list")
    finally:
        stop_children([child])

    listed = office.house.stored(
        "arpege",
        "select assure.nir, json_extract(assure.identite, '$.nom_naissance'), arret.reference, arret.anomalie,"
        " arret.signalee_le from arret join assure on assure.id = arret.assure where arret.signalee_le is not null",
    )
    paid = office.house.stored(
        "arpege",
        "select distinct arret.reference from arret join paiement p on p.assure = arret.assure where p.etat = 'PAYE' and"
        " p.visible and p.du <= arret.fin and p.au >= arret.debut",
    )
    expected = sorted(row for row in listed if (row[2],) not in paid)
    assert loaded.code == 0, loaded.err
    assert f"{len(expected)} dossiers sur {len(expected)} lignes" in loaded.out
    assert office.cases("list") == expected
    assert len(expected) > 30
    said = "La livraison « arpege.unpaid_stops du 27/03/2026 » a déjà été reçue : c'est « arpege.unpaid_stops du 27/03/2026 »"
    assert (again.code, said in again.err) == (3, True)
    assert planned == expected
    assert (refused.code, "refuse la connexion du robot" in refused.err) == (8, True)
    assert (closed.code, "arpege est fermée aux robots" in closed.err) == (8, True)


def scheduled(office: Office) -> list[tuple[str, ...]]:
    """Have the planner of ``glr serve`` read the list for another scenario, two minutes late; return its cases."""
    scenarios = office.house.workspace / "scenarios"
    due = datetime.now(ZoneInfo("Europe/Paris")) - timedelta(minutes=2)
    text = (scenarios / "ij-list.yaml").read_text("utf-8").replace("scenario: ij-list", "scenario: ij-planned")
    text = text.replace('at: "06:30", days: business', f'at: "{due:%H:%M}", days: all')
    (scenarios / "ij-planned.yaml").write_text(text.replace("${run.date}", TODAY), "utf-8")
    shutil.copy(scenarios / "ij-acompte.cpam-931.yaml", scenarios / "ij-planned.cpam-931.yaml")
    office.house.query(
        "insert into glr.schedule_occurrence values ('cpam-931', 'ij-planned', 'earlier', now() - interval '12 hours',"
        " now(), 'test') returning 1"
    )
    with office.house.running("serve", *office.house.here):
        wait_for(
            lambda: office.house.query("select 1 from glr.run where scenario = 'ij-planned'"), "the planned run", 60
        )
    return office.cases("planned")


def spoil(accounts: Path) -> None:
    said = json.loads(accounts.read_text("utf-8"))
    said["arpege"]["password"] = "another"
    accounts.write_text(json.dumps(said), "utf-8")
