"""``glr new application``: a walk that sends nothing, and a draft that a person could have begun by hand.

The judge of the draft is the contracts of ``keywords/``, written by hand for the same practice applications.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from one_browser import a_browser
from robot_world import PROJECT, PracticeWorld

from orchestrator.domain.personal import Nir
from orchestrator.drivers.contracts import ApplicationContract, load_contract
from orchestrator.drivers.desk import WebDesk

#: How the drafts are named, by the application they are drafted from.
DRAFTS = {"bdo": "fichier", "arpege": "prestations", "compta": "avances"}


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A workspace with a robot and its accounts."""

    home: Path

    def glr(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code and all that it said."""
        ran = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *arguments],
            env={**os.environ, "GLR_HOME": str(self.home), "GLR_WORKSPACE": str(self.home / "data")},
            cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return ran.returncode, ran.stdout + ran.stderr

    def accounts(self, accounts: Mapping[str, Mapping[str, str]]) -> None:
        """Give the robot its accounts."""
        path = self.home / "data" / "secrets" / "acompte-ij.json"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(json.dumps(accounts), "utf-8")
        path.chmod(0o600)

    def text(self, name: str) -> str:
        """Return everything that was drafted."""
        return "".join(path.read_text("utf-8") for path in sorted((self.home / "keywords" / name).glob("*.*")))


def workspace(home: Path) -> Workspace:
    for name in ("scenarios", "robots"):
        shutil.copytree(PROJECT / name, home / name)
    return Workspace(home=home)


# --- on the practice applications ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """Drafts of the three practice applications, and what the command said of each."""

    workspace: Workspace
    said: Mapping[str, str]
    #: Whose pages were seen.
    nirs: list[str]

    def contract(self, application: str) -> ApplicationContract:
        """Return the draft made from an application."""
        return load_contract(self.workspace.home / "keywords" / DRAFTS[application] / "screens.yaml")


@pytest.fixture(scope="module")
async def people(practice_world: PracticeWorld) -> tuple[list[str], dict[str, list[str]]]:
    """Give people of the practice population, and the addresses of their pages, as their agents would copy them."""
    paid = _with_payments(practice_world.practice.folder / "arpege.db")
    # Whoever other tests have worked on meanwhile: these pages are read alone.
    readable = [row for row in practice_world.rows if row not in practice_world.locked_once]
    entered = [row for row in readable if row.outcome == "entered"]
    rows = [next(row for row in entered if (row.nir in paid) is some) for some in (True, False)]
    rows += [next(row for row in readable if row.codes == (code,)) for code in ("C-09", "R-ANNEES")]
    nirs = [row.nir for row in rows]
    pages: dict[str, list[str]] = {"bdo": [], "arpege": [], "compta": []}
    async with a_browser() as browser:
        for application, path in (("bdo", "/dossier/{}"), ("arpege", "/assure/{}")):
            contract = load_contract(PROJECT / "keywords" / application / "screens.yaml")
            desk = WebDesk(browser, contract, practice_world.accounts[application])
            for nir in nirs:
                pages[application].append(path.format((await desk.submit("search", nir=Nir.parse(nir)))["file"]))
            await desk.discard()
    pages["arpege"].append("/recuperations/avance/ACP-TEMOIN")
    days = "du=01/01/2026&au=31/03/2026&page=1"
    pages["compta"] = [f"/avances/saisies?auteur={author}&{days}" for author in ("A1001", "PERSONNE")]
    return nirs, pages


@pytest.fixture(scope="module")
def drafted(
    tmp_path_factory: pytest.TempPathFactory,
    practice_world: PracticeWorld,
    people: tuple[list[str], dict[str, list[str]]],
) -> Drafted:
    practice_world.fault()
    place = workspace(tmp_path_factory.mktemp("drafts"))
    accounts = {
        draft: {"address": each.address, "login": each.login, "password": each.password.reveal()}
        for application, draft in DRAFTS.items()
        for each in [practice_world.accounts[application]]
    }
    place.accounts(accounts)
    nirs, pages = people
    before = len(practice_world.practice.proposals())
    said = {}
    for application, draft in DRAFTS.items():
        also = [word for page in pages[application] for word in ("--also", page)]
        start = practice_world.accounts[application].address + "/"
        code, said[application] = place.glr(
            "new", "application", draft, "--from", start, "--robot", "acompte-ij", *also
        )
        assert code == 0, said[application]
    assert len(practice_world.practice.proposals()) == before
    return Drafted(workspace=place, said=said, nirs=nirs)


def places(contract: ApplicationContract) -> dict[tuple[str, str], str]:
    """Return what a contract reads: by title of screen and selector, the format; the same title twice is one screen."""
    found = {}
    for screen in contract.screens.values():
        for each in screen.fields.values():
            found[screen.title, each.at] = each.format
        for table in screen.tables.values():
            for column in table.columns.values():
                found[screen.title, f"{table.frame or ''} {table.rows} {column.at}".strip()] = column.format
    return found


#: What the hand-written contracts have and no draft can: it follows a POST, and a walk sends none.
AFTER_A_POST = {
    ("BDO - Résultats", "#nombre"), ("ARPEGE - Résultats", "#nombre"),
    *(("COMPTA - Avances", at) for at in ("#nombre", *(f"table#avances tbody tr td.{each}" for each in (
        "numero", "nature", "reference_arret", "du", "au", "montant", "reference_libre", "auteur", "etat",
    )))),
}  # fmt: skip
#: Formats that a draft masks until a person says that they are harmless, or cannot know from a few pages.
CAUTIOUS = {
    ("ARPEGE - Droits", "#pension_invalidite"), ("ARPEGE - Paiements", "table#paiements tbody tr td.destinataire"),
    ("COMPTA - Nouvelle avance", "#motif"), ("COMPTA - Nouveau retour", "#motif_rejet"),
    ("ARPEGE - Signaler une récupération", "#avance"), ("ARPEGE - Signaler une récupération", "#note"),
    *(("ARPEGE - Récupérations", f"table#recuperations tbody tr td.{each}") for each in ("avance", "recuperation")),
}  # fmt: skip


def test_the_draft_finds_every_field_and_column_that_the_hand_written_contracts_read(drafted: Drafted) -> None:
    wanted: dict[tuple[str, str], str] = {}
    found: dict[tuple[str, str], str] = {}
    for application in DRAFTS:
        wanted |= places(load_contract(PROJECT / "keywords" / application / "screens.yaml"))
        found |= places(drafted.contract(application))
    nothing_there = {("BDO - Coordonnées bancaires", "#aucun-compte"), ("BDO - Adresse", "#aucune-adresse")}
    none_of_a_person = nothing_there - set(found)  # nobody seen was without
    of_advances = {
        "COMPTA - Avance",
        "COMPTA - Annulation",
        "COMPTA - Nouvelle annulation",
        "COMPTA - Régularisation",
        "COMPTA - Retour",
    }
    advances = {each for each in wanted if each[0] in of_advances} - set(found)  # no advance in this population
    assert set(wanted) - set(found) == AFTER_A_POST | none_of_a_person | advances
    common = set(wanted) & set(found)
    differing = {each: (wanted[each], found[each]) for each in common if wanted[each] != found[each]}
    print(f"recall {len(common)}/{len(wanted)}, same format {len(common) - len(differing)}/{len(common)}")
    assert {each: form for each, form in differing.items() if each not in CAUTIOUS} == {}


def test_the_draft_finds_the_same_login_version_banner_anchors_searches_and_forms(drafted: Drafted) -> None:
    for application in DRAFTS:
        hand, mine = load_contract(PROJECT / "keywords" / application / "screens.yaml"), drafted.contract(application)
        same = ("user", "password", "submit", "refused")
        assert [getattr(mine.login, each) for each in same] == [getattr(hand.login, each) for each in same]
        assert (mine.title, mine.version_at, mine.version) == (hand.title, hand.version_at, hand.version)
        assert {(each.at, each.format) for each in mine.common.values()} == {
            (each.at, each.format) for each in hand.common.values()
        }
        for action in hand.actions.values():
            assert next((tuple(each.fields.values()), each.submit) for each in mine.actions.values()) == (
                tuple(action.fields.values()), action.submit
            )  # fmt: skip
        assert mine.acts == {}, "an act is decided by a person"
        titles = {screen.title: screen for screen in mine.screens.values()}
        for screen in hand.screens.values():
            if screen.title in titles and len(screen.anchors) > 0:
                assert set(screen.anchors) & {*titles[screen.title].anchors} or screen.title == "ARPEGE - Synthèse"
    compta = load_contract(PROJECT / "keywords" / "compta" / "screens.yaml").release
    mine_too = drafted.contract("compta").release
    assert compta is not None
    assert mine_too is not None
    assert mine_too.forms("nouvelle_avance") == compta.forms("proposal")
    assert '#     element: "#btn-enregistrer"' in drafted.workspace.text("avances")


def test_empty_tables_are_known_by_what_the_application_says(drafted: Drafted) -> None:
    payments = drafted.contract("arpege").screens["paiements"].tables["paiements"]
    assert payments.empty == "#aucun-paiement"


def test_no_value_of_anybody_is_in_a_draft(drafted: Drafted, practice_world: PracticeWorld) -> None:
    folder = practice_world.practice.folder
    text = "".join(drafted.workspace.text(name) for name in DRAFTS.values()) + "".join(drafted.said.values())
    values = set(_values(folder / "bdo.db"))
    assert len(values) > 300
    words = set(re.findall(r"[\w'-]+", text))
    assert {value for value in values if value in words or (" " in value and value in text)} == set()
    assert not re.search(r"\d{13}", text.replace(" ", ""))


def _with_payments(path: Path) -> set[str]:
    """Return the people whose list of payments in ARPEGE is not empty, from its own store."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        return {nir for (nir,) in store.execute("SELECT nir FROM paiement WHERE visible = 1")}


def _values(path: Path) -> Iterator[str]:
    """Yield the names, numbers and birth dates of the practice population, from its own store."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        for (sheet,) in store.execute("SELECT fiche FROM dossier"):
            said = json.loads(sheet)
            names = ("nir", "nom_naissance", "nom_usage", "prenoms", "date_naissance")
            yield from (str(said[name]) for name in names if said.get(name))


def test_every_suggestion_is_marked_for_a_person(drafted: Drafted) -> None:
    for name in DRAFTS.values():
        lines = (drafted.workspace.home / "keywords" / name / "screens.yaml").read_text("utf-8").splitlines()
        suggestions = [line for line in lines if "{at: " in line]
        assert len(suggestions) > 15
        assert [line for line in suggestions if "à vérifier" not in line] == []


def test_what_leaves_acts_or_is_a_file_is_not_followed_and_said(drafted: Drafted) -> None:
    for application in DRAFTS:
        assert "/deconnexion : ferme la session, non suivi" in drafted.said[application]
    assert "/validation : ressemble à un acte, non suivi" in drafted.said["compta"]
    assert "/anomalies.csv?date={date} : un fichier, non suivi" in drafted.said["arpege"]


def test_the_drafted_code_is_what_our_own_rules_ask(drafted: Drafted, tmp_path: Path) -> None:
    house = tmp_path / "house"
    for name in DRAFTS.values():
        shutil.copytree(drafted.workspace.home / "keywords" / name, house / "keywords" / name)
    (house / "keywords" / "__init__.py").write_text("")
    shutil.copy(PROJECT / "pyproject.toml", house)
    (house / "orchestrator").symlink_to(PROJECT / "orchestrator")
    for command in (
        ("ruff", "check", "keywords"),
        ("ruff", "format", "--check", "keywords"),
        ("mypy", "--config-file", "pyproject.toml", "keywords"),
    ):
        program = str(Path(sys.executable).parent / command[0])
        ran = subprocess.run([program, *command[1:]], cwd=house, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_drafted_application_reads_real_cases(drafted: Drafted, practice_world: PracticeWorld) -> None:
    """A scenario on drafted keywords alone, tried on the applications: it finds people, files and rights."""
    home = drafted.workspace.home
    robot = home / "robots" / "acompte-ij" / "robot.yaml"
    text = robot.read_text("utf-8")
    robot.write_text(
        text.replace("applications:", "applications:\n  fichier: [extract]\n  prestations: [extract]"), "utf-8"
    )
    scaffold = PROJECT / "orchestrator/bootstrap/scaffold"
    scenario = yaml.safe_load(
        scaffold.joinpath("scenario.yaml")
        .read_text("utf-8")
        .replace("@SOURCE@", scaffold.joinpath("source-csv.yaml").read_text("utf-8"))
        .replace("@", "")
    )
    scenario |= {"scenario": "lire", "title": "Lire", "author": "cpam-931", "robot": "acompte-ij"}
    scenario["steps"] = [
        {"id": "person", "extract": "fichier.rechercher", "with": {"nir": "${nir}"},
         "controls": {"C-03": "same_name(person.nom_naissance, birth_name)"}},
        {"id": "account", "extract": "fichier.coordonnees_bancaires", "with": {"dossier": "${person.dossier}"},
         "controls": {"C-08": "account.iban.valid"}},
        {"id": "stops", "extract": "prestations.rechercher", "with": {"nir": "${nir}"},
         "controls": {"C-05": "same_name(stops.nom_naissance, birth_name) and count(stops.arrets) > 0"}},
    ]  # fmt: skip
    codes = {code: {"title": code} for code in ("C-03", "C-05", "C-08")}
    scenario["exceptions"] = {"queue": "lire", "codes": codes}
    (home / "scenarios" / "lire.yaml").write_text(
        yaml.safe_dump(scenario, allow_unicode=True, sort_keys=False), "utf-8"
    )
    code, said = drafted.workspace.glr("check", str(home / "scenarios" / "lire.yaml"))
    assert code == 0, said
    delivery = practice_world.practice.delivery
    lines = delivery.read_text("cp1252").splitlines()
    of_them = [line for line in lines if line.split(";")[0].upper() in drafted.nirs]
    wanted = list({line.split(";")[2]: line for line in of_them}.values())  # one that is delivered twice is one case
    chosen = home / delivery.name
    chosen.write_text("\n".join([lines[0], *wanted, f"FIN;{len(wanted)}"]) + "\n", "cp1252")
    code, said = drafted.workspace.glr("dry-run", "lire", str(chosen), "--real", "--run-date", "2026-03-27", "--json")
    assert code == 0, said
    cases = json.loads(next(line for line in said.splitlines() if line.startswith("[")))
    assert len(cases) == len(wanted) >= 3
    assert {case["issue"] for case in cases} == {"fin : done"}, cases


# --- on an application that sets traps -------------------------------------------------------------------------------

_LOGIN = "<title>App - Connexion</title><form method=post action=/login><input name=u><input type=password name=p><button id=ok>Ok</button></form>"  # noqa: E501
_HOME = """<title>App - Accueil</title><b id=version>7.1</b>
<a href="/sortie?x=1">Quitter</a><a href="/dossier/supprimer/12">Vider</a><a href="/x" onclick="valider()">Suite</a>
<a href="http://localhost:1/ailleurs">Ailleurs</a><a href="/liste.pdf">Liste</a><a href="/assure/285026199900138">Zoé</a>
<a href="/envoie">Statistiques</a><a href="/page">Page</a><a href="/rien">Rien</a>"""
_SENDS = """<title>App - Statistiques</title><p>Mode <span id=mode>jour</span></p>
<form id=f method=post action=/acte><input name=a></form>
<script>alert("DURAND"); fetch("/acte", {method: "POST", body: "x"}).catch(() => 0); document.forms[0].submit()</script>"""
_PAGE = "<title>App - Dossier de DURAND</title><table><tr><th>Nom</th><td id=nom>DURAND</td></tr></table>"


@dataclass
class Trap:
    """A server that remembers what it was asked."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    #: Says no to the login.
    closed: bool = False


@contextmanager
def trap() -> Iterator[Trap]:
    state = Trap()
    pages = {"/": _HOME, "/envoie": _SENDS, "/page": _PAGE, "/x": "<title>X</title>", "/accueil": _HOME}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(f"GET {self.path}")
            known = "ok=1" in self.headers.get("cookie", "")
            body = pages.get(self.path) if known else _LOGIN
            self.answer(200 if body else 404, body or "non")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            state.asked.append(f"POST {self.path}")
            self.send_response(303)
            self.send_header("location", "/accueil")
            if not state.closed:
                self.send_header("set-cookie", "ok=1")
            self.end_headers()

        def answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def walked(place: Workspace, address: str, *more: str) -> tuple[int, str]:
    place.accounts({"app": {"address": address, "login": "ROB", "password": "Trouvailles9"}})
    return place.glr("new", "application", "app", "--from", f"{address}/", "--robot", "acompte-ij", *more)


def test_a_walk_sends_nothing_but_the_login_and_follows_no_trap(tmp_path: Path) -> None:
    place = workspace(tmp_path / "home")
    with trap() as server:
        code, said = walked(place, server.address)
        assert code == 0, said
        asked = {each for each in server.asked if "favicon" not in each}
    assert asked == {"GET /", "POST /login", "GET /accueil", "GET /envoie", "GET /page", "GET /rien"}
    for left in (
        "/sortie?x={x} : ferme la session", "/dossier/supprimer/{supprimer} : ressemble à un acte", "/x : ressemble à un acte",
        "un lien vers une autre adresse", "/liste.pdf : un fichier", "contient un long numéro", "/rien : erreur 404",
        "la page a voulu faire un envoi (POST) : refusé",
    ):  # fmt: skip
        assert left in said, left
    text = place.text("app")
    assert not {word for word in ("DURAND", "Trouvailles9", "285026199900138", "Zoé") if word in text + said}
    assert "À COMPLÉTER : le titre changeait, ou nommait quelqu'un" in text


def test_a_refused_login_is_tried_once_and_nothing_is_written(tmp_path: Path) -> None:
    place = workspace(tmp_path / "home")
    with trap() as server:
        server.closed = True
        code, said = walked(place, server.address)
        assert code != 0
        assert "refuse la connexion" in said
        assert server.asked.count("POST /login") == 1
    assert not (place.home / "keywords").exists()


@pytest.mark.parametrize(
    ("name", "start", "why"),
    [
        ("bdo", "http://127.0.0.1:9/", "existe déjà"),
        ("Fichier", "http://127.0.0.1:9/", "n'est pas un nom d'application"),
        ("autre", "http://127.0.0.1:9/", "n'a pas de compte « autre »"),
        ("app", "http://127.0.0.1:8/", "il n'est pas donné à une autre adresse"),
        ("app", "http://127.0.0.1:9/", "ne s'ouvre pas"),
    ],
)
def test_what_cannot_be_drafted_is_said_and_nothing_is_written(tmp_path: Path, name: str, start: str, why: str) -> None:
    place = workspace(tmp_path / "home")
    place.accounts({"app": {"address": "http://127.0.0.1:9", "login": "ROB", "password": "x"}})
    code, said = place.glr("new", "application", name, "--from", start, "--robot", "acompte-ij")
    assert code == 4, said
    assert why in said
    assert not (place.home / "keywords").exists()
