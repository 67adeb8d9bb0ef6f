"""What each paid advance should become: its recovery flagged and a letter filed, or a person. The oracle of `acompte-courrier`.

It reads the stores of the applications and nothing else: nothing of the robots' rules, keywords or database.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sandbox.controls import same_text
from sandbox.witness import NIR as WITNESS

_OPEN = (
    "SELECT numero, nir, reference_arret, du, au, montant_c, etat FROM avance WHERE etat IN ('LIQUIDEE', 'REJETE_BANQUE')"
    " AND jour_saisie <= ? ORDER BY jour_saisie, id"
)
_STOPS = "SELECT a.identite FROM arret t JOIN assure a ON a.id = t.assure WHERE a.nir = ? AND t.reference = ?"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an advance should become."""

    number: str
    #: `entered`: one recovery and one letter; `set_aside`: the witness's; else `exception`.
    outcome: str
    #: Why it is for a person; empty when it is entered.
    code: str = ""
    #: What ARPEGE's ledger should say of its recovery, and the GED's of its letter; empty for a person.
    recovery: tuple[tuple[str, object], ...] = ()
    letter: tuple[tuple[str, object], ...] = ()


def judge(folder: Path, day: date) -> list[Told]:
    """Say what every advance paid and entered until a day should become, in the order of COMPTA's list."""
    return [_told(folder, *row) for row in _rows(folder, "compta", _OPEN, day.isoformat())]


def _told(folder: Path, number: str, nir: str, stop: str, start: str, end: str, amount_c: int, state: str) -> Told:
    if nir == WITNESS:
        return Told(number=number, outcome="set_aside")
    code = _stopped(folder, nir, stop, state)
    if code:
        return Told(number=number, outcome="exception", code=code)
    shown = {name: f"{date.fromisoformat(day):%d/%m/%Y}" for name, day in (("from", start), ("to", end))}
    recovery = {"advance": number, "nir": nir, "stop": stop, "from": start, "to": end, "amount_c": amount_c}
    letter = {"reference": number, "nir": nir, "kind": "COURRIER_ACOMPTE", "subject": stop, **shown}
    return Told(number=number, outcome="entered", recovery=tuple(recovery.items()), letter=tuple(letter.items()))


def _stopped(folder: Path, nir: str, stop: str, state: str) -> str:
    """The first reason to leave an advance to a person; empty when there is none."""
    if state != "LIQUIDEE":
        return "R-AC04"
    held = _rows(folder, "arpege", _STOPS, nir, stop)
    if not held:
        return "R-ARRET"
    files = _rows(folder, "bdo", "SELECT fiche, adresse FROM dossier WHERE nir = ?", nir)
    if len(files) != 1:
        return "C-04"
    person, address = json.loads(files[0][0]), files[0][1]
    known = json.loads(held[0][0])
    back = _rows(
        folder, "ged", "SELECT 1 FROM document WHERE nir = ? AND nature = 'RETOUR_NPAI' AND etat = 'CLASSE'", nir
    )
    reasons = {
        "C-05": bool(person["date_deces"]), "C-03": same_text(person["nom_naissance"]) != same_text(known["nom_naissance"]),
        "L-TIERS": person["tutelle"] == "oui", "L-SENSIBLE": person["personne_sensible"] == "oui",
        "L-ADRESSE": not address, "L-NPAI": bool(back),
    }  # fmt: skip
    return next((code for code, holds in reasons.items() if holds), "")


def _rows(folder: Path, application: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{folder / application}.db?mode=ro", uri=True)) as store:
        return store.execute(sql, values).fetchall()
