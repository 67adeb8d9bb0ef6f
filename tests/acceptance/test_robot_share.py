"""Two caisses share a robot: exported by one, received by another that has values, screens and changes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from demo_house import House

from orchestrator.domain.personal import nir_key

PROJECT = Path(__file__).resolve().parents[2]
ROBOT = "robots/acompte-ij"
#: Nobody's number, but in a commune that exists.
NIR = f"2850261234001{nir_key('2850261234001'):02d}"
EXAMPLE = "- {nir: 1 85 02 61 999 001 89, attendu: exception}\n"  # nobody: the commune does not exist


@dataclass(frozen=True, kw_only=True)
class Caisse:
    """A workspace of a caisse, driven through the command line."""

    home: Path
    name: str

    def glr(self, *arguments: str, said: str | None = None) -> tuple[int, str]:
        """Run a command; return its exit code and all that it said."""
        ran = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *arguments],
            env={**os.environ, "GLR_HOME": str(self.home), "GLR_WORKSPACE": str(self.home / "data"),
                 "GLR_CAISSE": self.name, "COLUMNS": "200"},
            input=said, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        return ran.returncode, ran.stdout + ran.stderr

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed; return what it said."""
        code, text = self.glr(*arguments)
        assert code == 0, text
        return text

    def edit(self, path: str, before: str, after: str) -> None:
        """Change one place of a file."""
        text = self.read(path)
        assert text.count(before) == 1, (path, before)
        (self.home / path).write_text(text.replace(before, after), "utf-8")

    def write(self, path: str, text: str) -> None:
        """Write a file of the workspace."""
        (self.home / path).parent.mkdir(parents=True, exist_ok=True)
        (self.home / path).write_text(text, "utf-8")

    def read(self, path: str) -> str:
        """Read a file of the workspace."""
        return (self.home / path).read_text("utf-8")

    def files(self) -> dict[str, bytes]:
        """Return everything in the workspace but its data."""
        found = [path for path in self.home.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        names = {path.relative_to(self.home).as_posix(): path for path in found}
        return {name: path.read_bytes() for name, path in names.items() if not name.startswith("data/")}


@dataclass(frozen=True, kw_only=True)
class Shared:
    """An author, a receiver, and what the receiver was told at each step."""

    author: Caisse
    receiver: Caisse
    archives: tuple[Path, Path]
    told: dict[str, tuple[int, str]]
    before: dict[str, bytes]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Follow a robot from one caisse to another, through two versions."""
    root = tmp_path_factory.mktemp("caisses")
    author, receiver = Caisse(home=root / "a", name="cpam-931"), Caisse(home=root / "b", name="cpam-611")
    _author(author)
    first, second = root / "v1.zip", root / "v2.zip"
    author.done("robot", "export", "acompte-ij", "--output", str(first))
    told = {"unknown": receiver.glr("robot", "import", str(first), "--yes")}
    receiver.done("robot", "trust", "cpam-931", public_key(author))
    told["no"] = receiver.glr("robot", "import", str(first), said="non\n")
    told["files after no"] = (len(receiver.files()), "")
    told["first"] = receiver.glr("robot", "import", str(first), "--yes")
    _locally(receiver)
    told["again"] = receiver.glr("robot", "import", str(first), "--yes")
    _second_version(author)
    author.done("robot", "export", "acompte-ij", "--output", str(second))
    before = receiver.files()
    told["second"] = receiver.glr("robot", "import", str(second), "--yes")
    told["twice"] = receiver.glr("robot", "import", str(second), "--yes")
    return Shared(author=author, receiver=receiver, archives=(first, second), told=told, before=before)


def public_key(caisse: Caisse) -> str:
    return caisse.done("robot", "key").splitlines()[0].removeprefix("Clé publique : ")


def _author(author: Caisse) -> None:
    for name in ("scenarios", "robots"):
        shutil.copytree(PROJECT / name, author.home / name)
    shutil.copytree(PROJECT / "keywords" / "bdo", author.home / "keywords" / "bdo")
    author.write("keywords/overrides.yaml", "overrides:\n- bdo\n")
    author.write("keywords/bdo/screens.cpam-931.yaml", "screens: {search: {title: BDO 931 - Recherche}}\n")
    author.edit("keywords/bdo/screens.yaml", "title: BDO - Recherche\n", "title: Base - Recherche\n")
    author.write(f"{ROBOT}/tests/exemples.yaml", EXAMPLE)
    author.done("new", "scenario", "verifier-identites", "--robot", "acompte-ij", "--title", "Vérifier des identités")
    author.write("data/secrets/acompte-ij.json", json.dumps({"bdo": {"password": "Trouvailles9", "login": "ROB"}}))
    public_key(author)


def _locally(receiver: Caisse) -> None:
    """What the receiver does of its own between the two versions."""
    values = 'caisse: cpam-611\nvalues:\n  organism: "016110000"\n'
    receiver.write("scenarios/ij-acompte.cpam-611.yaml", values + "  rate: 0.70\n")
    receiver.write("scenarios/ij-acompte-robot.cpam-611.yaml", values)
    receiver.write("keywords/bdo/screens.cpam-611.yaml", "screens: {search: {title: BDO - Recherche}}\n")
    receiver.edit("scenarios/verifier-identites.yaml", "Vérifier des identités", "Vérifier des identités, à l'Orne")
    receiver.edit("keywords/bdo/models.py", "A beneficiary's file;", "A beneficiary's own file;")


def _second_version(author: Caisse) -> None:
    author.edit("scenarios/ij-acompte.yaml", "default: 0.80", "default: 0.85")
    more = "ceiling_days:   {type: integer, default: 90, title: Jours}"
    author.edit("scenarios/ij-acompte.yaml", "  minimum:  ", f"  {more}\n  minimum:  ")
    author.edit("scenarios/verifier-identites.yaml", "Vérifier des identités", "Vérifier l'identité")
    author.edit("scenarios/rules/ij.yaml", "quarantine_days: 30 ", "quarantine_days: 45 ")
    author.edit("keywords/bdo/__init__.py", "Look a person up by NIR;", "Look a person up;")
    (author.home / ROBOT / "tests" / "exemples.yaml").unlink()


def test_nothing_is_written_for_an_unknown_key_nor_after_a_no(shared: Shared) -> None:
    code, text = shared.told["unknown"]
    assert code == 4
    assert "ne connaît pas" in text
    assert shared.told["no"][1].endswith("Rien n'a été écrit.\n")
    assert shared.told["files after no"][0] == 1  # the list of trusted keys


def test_the_first_import_says_what_this_caisse_still_has_to_give(shared: Shared) -> None:
    code, text = shared.told["first"]
    assert code == 5
    assert "paramètre nouveau : organism, sans défaut ; à donner dans votre fichier de valeurs" in text
    assert "paramètre « organism » : ni default, ni valeur de la caisse cpam-611" in text
    assert "Il manque : comptes du robot : arpege, bdo, compta, rniam. Écrire " in text
    assert '"addresses": {"controle": "ADRESSE"}}' in text
    assert "glr publish ij-acompte --by IDENTIFIANT" in text
    assert "NOUVEAU : keywords/overrides.yaml" in text


def test_what_is_the_authors_own_never_leaves(shared: Shared) -> None:
    for archive in shared.archives:
        content = archive.read_bytes()
        assert b"Trouvailles9" not in content
        assert b"cpam-931.yaml" not in content
    names = set(shared.receiver.files())
    assert f"{ROBOT}/bordereau.robot" in names
    assert not {name for name in names if "931" in name or "secrets" in name}


def test_the_same_archive_again_does_nothing_even_over_local_changes(shared: Shared) -> None:
    for step in ("again", "twice"):
        code, text = shared.told[step]
        assert code == 0, text
        _, nothing, still = text.partition("Rien à faire : cette version est déjà là.\n")
        assert nothing
        assert [line[:11] for line in still.splitlines() if line[:1] != " "] == ["Il manque :"] * 2
    assert "CHANGÉ ICI SEULEMENT : scenarios/verifier-identites.yaml" in shared.told["again"][1]


def test_the_second_version_is_shown_line_by_line_row_by_row_and_parameter_by_parameter(shared: Shared) -> None:
    code, text = shared.told["second"]
    assert code == 0, text
    for line in (
        "CHANGÉ : scenarios/ij-acompte.yaml",
        "paramètre rate : défaut 0.80 → défaut 0.85 ; votre valeur 0.70 reste",
        "paramètre nouveau : ceiling_days, défaut 90",
        "CHANGÉ : scenarios/rules/ij.yaml",
        "règle nouvelle : bank_account : valid_from 2010-01-01, quarantine_days 45",
        "règle retirée : bank_account : valid_from 2010-01-01, quarantine_days 30",
        "CHANGÉ : keywords/bdo/__init__.py",
        '-    """Look a person up by NIR;',
        "À SAVOIR : le code de keywords/bdo change : un scénario publié qui l'emploie s'arrête",
        "CHANGÉ CHEZ L'AUTEUR ET ICI : scenarios/verifier-identites.yaml",
        "CHANGÉ ICI SEULEMENT : keywords/bdo/models.py",
        f"RETIRÉ : {ROBOT}/tests/exemples.yaml",
        "ij-acompte.yaml : correct",
        "verifier-identites.yaml : correct",
    ):
        assert line in text, line


def test_nothing_local_is_lost(shared: Shared) -> None:
    after = shared.receiver.files()
    mine = {name for name in shared.before if ".cpam-611." in name} | {"keywords/bdo/models.py", "robots/trusted.yaml"}
    assert len(mine) == 5
    assert {name: after[name] for name in mine} == {name: shared.before[name] for name in mine}
    (beside,) = [name for name in after if ".avant-" in name]
    assert after[beside] == shared.before["scenarios/verifier-identites.yaml"]
    assert f"{beside}\n" in shared.told["second"][1]
    theirs = {**shared.author.files(), "keywords/bdo/models.py": after["keywords/bdo/models.py"]}
    own = {beside, "robots/trusted.yaml", f"{ROBOT}/imported.json", *mine}
    another = (
        "robots/droits-prolongation/", "scenarios/droits-prolongation.", "scenarios/rules/prolongations.",
        "robots/suivi-acomptes/", "scenarios/acompte-suivi.", "scenarios/acompte-courrier.", "scenarios/retours-banque.",
        "robots/arpege-surveillance/", "scenarios/arpege-surveillance.",
        "robots/mutation-entrante/", "scenarios/mutation-entrante.", "scenarios/rules/mutations.",
        "robots/controle-vagues/", "scenarios/controle-vagues.", "scenarios/rules/vagues.",
        "robots/depot-pieces/", "scenarios/depot-pieces.",
    )  # fmt: skip
    assert {name: text for name, text in after.items() if name not in own} == {
        name: text
        for name, text in theirs.items()
        if ".cpam-931." not in name
        and name not in own
        and not name.startswith(another)  # what is another robot's stays
    }


def test_the_imported_robot_reads_the_receivers_screens_and_concludes_as_the_oracle(shared: Shared) -> None:
    """The shared contract names the search screen otherwise: only the receiver's own screens recognise it."""
    text = shared.receiver.done("dry-run", "verifier-identites", "--cases", "30", "--json")
    found = {
        case["line"]: case for case in json.loads(next(line for line in text.splitlines() if line.startswith("[")))
    }
    practice = House(shared.receiver.home / "judge", cases=60)
    practice.workspace.symlink_to(shared.receiver.home / "data" / "dry-run")
    oracle = {line: row for line, row in practice.oracle().items() if line in found}
    assert len(oracle) == 30
    nobody = {line for line, row in oracle.items() if "C-04" in row.codes}
    assert {line for line, case in found.items() if "C-04" in case["codes"]} == nobody != set()
    assert {case["issue"] for case in found.values()} <= {"exception", "fin : done"}
    assert {line for line, row in oracle.items() if row.outcome == "entered"} <= {
        line for line, case in found.items() if case["issue"] == "fin : done"
    }


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        (f"{ROBOT}/tests/cas.csv", f"{NIR};DUPONT\n", "cas.csv, ligne 1 : ressemble à un NIR"),
        (f"{ROBOT}/note.md", "mot de passe : Trouvailles9\n", "note.md, ligne 1 : ressemble à un secret"),
        ("keywords/bdo/aide.py", '"""FR7630004000010000000000136."""\n', "aide.py, ligne 1 : ressemble à un IBAN"),
        (f"{ROBOT}/ecran.png", "PNG", "ecran.png ne se partage pas"),
    ],
)
def test_an_export_refuses_what_must_not_leave(shared: Shared, tmp_path: Path, path: str, text: str, why: str) -> None:
    careless = Caisse(home=tmp_path / "c", name="cpam-931")
    shutil.copytree(shared.author.home, careless.home)
    careless.write(path, text)
    code, said = careless.glr("robot", "export", "acompte-ij", "--output", str(tmp_path / "r.zip"))
    assert code == 4, said
    assert why in said
    assert text.strip() not in said
    assert not (tmp_path / "r.zip").exists()


def test_a_link_in_the_place_of_a_file_is_not_followed(shared: Shared, tmp_path: Path) -> None:
    trapped = Caisse(home=tmp_path / "d", name="cpam-611")
    shutil.copytree(shared.receiver.home / "robots", trapped.home / "robots")
    (tmp_path / "elsewhere").mkdir()
    (trapped.home / "keywords").symlink_to(tmp_path / "elsewhere")
    before = trapped.files()
    code, said = trapped.glr("robot", "import", str(shared.archives[0]), "--yes")
    assert code == 4
    assert "lien symbolique" in said
    assert trapped.files() == before
    assert list((tmp_path / "elsewhere").iterdir()) == []
