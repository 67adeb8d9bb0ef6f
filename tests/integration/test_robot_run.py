"""``glr robot run``: real suites at a robot's desks on the practice applications, and what they leave behind."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from robot_world import PROJECT, PracticeWorld, Row

from orchestrator.domain.personal import Nir, PersonName
from orchestrator.suites.redaction import Redactor

LIBRARY = "orchestrator.bootstrap.robot_library.KeywordLibrary"
SETTINGS = "*** Settings ***\n" + "".join(
    f"Library    {LIBRARY}    {each}    AS    {each}\n" for each in ("bdo", "arpege", "compta")
)


@dataclass(frozen=True, kw_only=True)
class Developer:
    """Someone with a workspace that has the robot's accounts and nothing else."""

    folder: Path
    world: PracticeWorld

    def run(self, row: Row, suite: str, *more: str, home: Path = PROJECT) -> subprocess.CompletedProcess[str]:
        """Run a suite on the case of a row by the real command."""
        path, case = self.folder / "essai.robot", self.folder / "case.json"
        path.write_text(suite, encoding="utf-8")
        nir, name, stop, *_ = row.text.split(";")
        fields = {"nir": nir, "birth_name": name, "stop_id": stop, "day": {"type": "date", "value": "27/03/2026"}}
        case.write_text(json.dumps({"scenario": "ij-acompte", "fields": fields}), encoding="utf-8")
        command = [sys.executable, "-m", "orchestrator.cli", "robot", "run", str(path), "--robot", "acompte-ij"]
        given = ["--case", str(case), "--output", str(self.out), "--workspace", str(self.folder / "workspace")]
        environment = {"PATH": "/usr/bin:/bin", "GLR_HOME": str(home), "HOME": str(self.folder)}
        return subprocess.run(
            [*command, *given, *more], capture_output=True, text=True, timeout=120, check=False, env=environment
        )

    @property
    def out(self) -> Path:
        """Where Robot Framework's files are."""
        return self.folder / "out"

    def written(self) -> str:
        """Everything that was written, in one text."""
        text = "".join(path.read_text(encoding="utf-8") for path in sorted(self.out.iterdir()))
        return text + "".join(map(_unpacked, re.findall(r'"([A-Za-z0-9+/]{16,}={0,2})"', text)))


def _unpacked(text: str) -> str:
    """Return one of the long texts that log.html holds compressed; nothing for what is none."""
    try:
        return zlib.decompress(base64.b64decode(text, validate=True)).decode()
    except (ValueError, zlib.error):
        return ""


@pytest.fixture
def developer(practice_world: PracticeWorld, tmp_path: Path) -> Developer:
    practice_world.fault()
    secrets = tmp_path / "workspace" / "secrets"
    secrets.mkdir(parents=True)
    accounts = {
        name: {"address": found.address, "login": found.login, "password": found.password.reveal()}
        for name, found in practice_world.accounts.items()
    }
    path = secrets / "acompte-ij.json"
    path.touch(0o600)
    path.write_text(json.dumps(accounts), encoding="utf-8")
    return Developer(folder=tmp_path, world=practice_world)


LEAKY = f"""{SETTINGS}
*** Tasks ***
Lire Une Personne
    ${{person}}=    bdo.person    nir=${{nir}}
    Should Be Equal    ${{person.found}}    ${{1}}
    Should Be Equal As Strings    ${{day}}    2026-03-27
    ${{account}}=    bdo.bank_account    person=${{person}}
    Log    ${{nir.reveal()}} ${{person.birth_name.reveal()}} ${{account.iban.reveal()}}
    Log To Console    ${{nir.reveal()}}
    Set Test Message    ${{person.birth_name.reveal()}}
    ${{again}}=    bdo.person    nir=${{nir.reveal()}}
    Should Be Equal    ${{again}}    ${{person}}
    Fail    ${{nir.reveal()}} de ${{account.holder.reveal()}}
"""


def test_a_suite_reads_at_the_robots_desks_and_nothing_personal_is_written(developer: Developer) -> None:
    row = developer.world.take("entered")
    done = developer.run(row, LEAKY)
    assert done.returncode == 9, done.stderr
    said = developer.written() + done.stdout + done.stderr
    assert {path.name for path in developer.out.iterdir()} == {"log.html", "output.xml", "report.html"}
    name = row.text.split(";")[1]
    clear = [row.nir, row.nir[:13], name, name.upper(), *_accounts(developer, row.nir)]
    assert [each for each in clear if each in said] == []
    assert f"••{row.nir[10:13]}" in developer.written()
    assert "<arg>nir=${nir}</arg>" in developer.written()
    assert f"Lire Une Personne : ••{row.nir[10:13]} de " in done.stdout  # it went to its last line


def _accounts(developer: Developer, nir: str) -> list[str]:
    """Ask the application's own store for the account of a person, as nobody of ours would."""
    (path,) = (path for path in developer.world.practice.folder.glob("bdo*") if path.suffix in {".db", ".sqlite"})
    with closing(sqlite3.connect(path)) as store:
        found = store.execute("select compte_bancaire from dossier where nir = ?", [nir]).fetchall()
    compact = re.sub(r"\s", "", " ".join(text for (text,) in found))
    accounts = re.findall(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", compact)
    assert accounts
    return accounts


ENTERING = f"""{SETTINGS}
*** Tasks ***
Saisir
    compta.propose_advance    nir=${{nir}}    stop_id=${{stop_id}}    period=du 05/03/2026 au 20/03/2026    amount=1,00

Mauvais NIR
    bdo.person    nir=1 85 02 75 111 222 99
"""


def test_a_direct_call_of_an_entry_performs_nothing_and_a_bad_argument_is_not_quoted(developer: Developer) -> None:
    row = developer.world.take("entered")
    done = developer.run(row, ENTERING)
    assert done.returncode == 9
    assert "ne passe que par le protocole" in done.stdout
    assert "argument « nir »" in done.stdout
    assert "111 222" not in done.stdout + developer.written()
    assert developer.world.lines_of(row.stop) == []


def test_a_time_limit_ends_the_reading_and_the_next_task_reads_again(developer: Developer) -> None:
    row = developer.world.take("entered")
    suite = f"""{SETTINGS}
*** Tasks ***
Trop Court
    [Timeout]    1 ms
    bdo.person    nir=${{nir}}

Ensuite
    ${{person}}=    bdo.person    nir=${{nir}}
    Should Be Equal    ${{person.found}}    ${{1}}
"""
    done = developer.run(row, suite)
    assert done.returncode == 9
    assert "échouée  Trop Court : Task timeout 1 millisecond exceeded." in done.stdout
    assert "réussie  Ensuite" in done.stdout


def test_an_absent_library_is_said_in_french_at_its_place(developer: Developer) -> None:
    row = developer.world.take("entered")
    done = developer.run(row, "*** Settings ***\nLibrary    Browser\n*** Tasks ***\nX\n    No Operation\n")
    assert done.returncode == 5
    assert "essai.robot:2:12: la bibliothèque « Browser » n'est pas installée" in done.stderr


def test_a_suite_with_rpa_modules_runs_and_a_secret_variable_stays_secret(developer: Developer) -> None:
    row = developer.world.take("entered")
    secret = developer.folder / "mot-de-passe"
    secret.touch(0o600)
    secret.write_text("planted-in-a-file", encoding="utf-8")
    suite = """*** Settings ***
Library    RPA.Tables

*** Tasks ***
Compter
    ${rows}=    Evaluate    [{"a": 1}, {"a": 2}]
    ${table}=    Create Table    ${rows}
    ${count}=    Get Table Dimensions    ${table}
    Should Be Equal As Integers    ${count}[0]    2
    Log    ${MOT} ${MOT.value}
"""
    done = developer.run(row, suite, "--secret", f"MOT={secret}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "planted" not in developer.written() + done.stdout


def test_a_library_that_may_act_by_itself_is_said_to_be_outside_the_guarantee(developer: Developer) -> None:
    row = developer.world.take("entered")
    (developer.folder / "aide.resource").write_text("*** Settings ***\nLibrary    Process\n", encoding="utf-8")
    suite = f"""{SETTINGS}
Library    RPA.Excel.Files
Library    Collections
Resource    aide.resource

*** Tasks ***
Importer En Route
    Import Library    RPA.HTTP    AS    tables
"""
    done = developer.run(row, suite)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith("HORS GARANTIE")]
    assert [re.findall("« (.*?) »", line) for line in told] == [["Process"], ["RPA.HTTP"]]


def test_a_robot_reads_only_where_it_has_the_right(developer: Developer) -> None:
    home = developer.folder / "project"
    declared = (PROJECT / "robots" / "acompte-ij" / "robot.yaml").read_text(encoding="utf-8")
    (home / "robots" / "acompte-ij").mkdir(parents=True)
    narrow = re.sub(r"(?m)^  compta: .*$", "  compta: [extract, enter]", declared)
    (home / "robots" / "acompte-ij" / "robot.yaml").write_text(narrow, encoding="utf-8")
    (home / "scenarios").symlink_to(PROJECT / "scenarios")
    suite = f"""{SETTINGS}
*** Tasks ***
Lire
    compta.advances    nir=${{nir}}
    compta.advances_seen    nir=${{nir}}
"""
    done = developer.run(developer.world.take("entered"), suite, home=home)
    assert done.returncode == 9
    assert "« compta.advances_seen » demande le droit « check » dans « compta »" in done.stdout


def test_what_is_written_before_a_listener_may_clean_it_is_cleaned_too(developer: Developer) -> None:
    row = developer.world.take("entered")
    suite = f"""{SETTINGS}
*** Tasks ***
Dossier De ${{birth_name.reveal()}}
    [Documentation]    NIR ${{nir.reveal()}}
    FOR    ${{each}}    IN    ${{birth_name.reveal()}}
        No Operation
    END
"""
    done = developer.run(row, suite)
    assert done.returncode == 0, done.stdout
    name = row.text.split(";")[1]
    assert (name in developer.written() + done.stdout, row.nir in developer.written()) == (False, False)
    assert f"Dossier De {name[0]}•••" in developer.written()


def test_a_case_file_that_does_not_hold_says_which_field_without_its_value(developer: Developer) -> None:
    row = developer.world.take("entered")
    wrong = Row(text=row.text.replace(row.text.split(";")[0], "1850275111222"), outcome="", codes=(), amount_c=None)
    done = developer.run(wrong, LEAKY)
    assert (done.returncode, "champ « nir »" in done.stderr, "1850275" in done.stderr) == (4, True, False)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("nir 1 85 02 75 111 222 99.", "nir ••222."),
        ("Dupond et DUPOND", "D••• et D•••"),
        ("Dupondel n'en est pas", "Dupondel n'en est pas"),
        ("numéro 20260327", "numéro 20260327"),
    ],
)
def test_what_was_seen_and_what_has_the_form_of_a_nir_is_cleaned(text: str, cleaned: str) -> None:
    redactor = Redactor()
    redactor.learn({"nir": Nir("185027511122299"), "names": [PersonName("Dupond")]})
    assert redactor.clean(text) == cleaned
