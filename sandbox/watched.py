"""What each registered stop of ARPEGE should be told as, on a day. The oracle of `arpege-surveillance`.

It reads the stores of the applications and nothing else: nothing of the robots' rules, keywords or database.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sandbox.controls import OTHER_KNOWN, TECHNICAL, same_text
from sandbox.formats import read_date
from sandbox.rules import CLOSED_STATES, WAITING_DAYS
from sandbox.witness import NIR as WITNESS

#: Who looks.
ROBOT = "ROB-931-VEILLE-1"
#: Days that a stop waits before it is late, and that a paid advance may stay open once its days are paid.
LATE, NETTED = 15, 7
_DAY = timedelta(days=1)
_STOPS = (
    "SELECT a.nir, a.id, t.reference, t.debut, t.fin, t.fiche, t.anomalie FROM arret t JOIN assure a ON a.id = t.assure"
    " WHERE t.debut <= ? AND json_extract(t.fiche, '$.etat') = 'ENREGISTRE' ORDER BY t.id"
)
_PAYMENTS = "SELECT du, au, destinataire, date, etat FROM paiement WHERE assure = ? AND visible AND du <= ? AND au >= ?"
_ADVANCES = (
    "SELECT du, au, etat FROM avance WHERE nir = ? AND (reference_arret = ? OR du <= ? AND au >= ?)"
    " AND reference_arret IS NOT ?"
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a stop should be told as."""

    stop: str
    #: `set_aside` (the witness's), `exception`, or the name of an end.
    outcome: str
    codes: tuple[str, ...] = ()


def judge(folder: Path, day: date, *, unseen: str | None = None) -> list[Seen]:
    """Say what each stop that began until a day should be told as on that day, in the order of the list.

    :param unseen: the stop whose advance was made after the robot had looked.
    """
    return [_seen(folder, day, unseen, *row) for row in _rows(folder, "arpege", _STOPS, day.isoformat())]


def _seen(
    folder: Path, day: date, unseen: str | None,
    nir: str, file: int, stop: str, start: str, end: str, sheet: str, anomaly: str | None,
) -> Seen:  # fmt: skip
    if nir == WITNESS:
        return Seen(stop=stop, outcome="set_aside")
    known = _rows(folder, "bdo", "SELECT fiche FROM dossier WHERE nir = ?", nir)
    if len(known) != 1:
        return Seen(stop=stop, outcome="exception", codes=("C-04",))
    payments = _rows(folder, "arpege", _PAYMENTS, file, end, start)
    advances = _rows(folder, "compta", _ADVANCES, nir, stop, end, start, unseen)
    paid = [one for one in payments if one[4] == "PAYE"]
    missing = _missing(json.loads(sheet), start, end, payments, day)
    is_late, is_advanced = _late(json.loads(sheet), missing, day), any(one[2] not in CLOSED_STATES for one in advances)
    reasons = {
        "S-ACOMPTE": any(_not_netted(advance, paid, day) for advance in advances),
        "S-DOUBLE": any(_covered(one) & _covered(other) for n, one in enumerate(paid) for other in paid[:n]),
        "S-MOTIF": is_late and not is_advanced and anomaly not in TECHNICAL | OTHER_KNOWN,
        "S-TIERS": any(same_text(one[2]) not in _names(json.loads(known[0][0])) for one in paid),
    }
    codes = tuple(code for code, holds in reasons.items() if holds)
    if codes:
        return Seen(stop=stop, outcome="exception", codes=codes)
    ends = {
        "nothing_unpaid": not missing, "too_recent": not is_late, "advance_made": is_advanced,
        "known_reason": anomaly in OTHER_KNOWN, "candidate": True,
    }  # fmt: skip
    return Seen(stop=stop, outcome=next(name for name, holds in ends.items() if holds))


def _missing(sheet: dict[str, str], start: str, end: str, payments: Sequence[tuple[Any, ...]], day: date) -> list[date]:
    """The elapsed payable days that no payment covers, made or coming."""
    waiting = WAITING_DAYS if sheet["risque"] == "AS" and sheet["nature"] != "PROLONGATION" else 0
    due = {date.fromisoformat(start) + n * _DAY for n in range(waiting, 400)}
    due = {one for one in due if one <= date.fromisoformat(end) and one < day}
    return sorted(due - {one for each in payments if each[4] != "REJETE" for one in _covered(each)})


def _late(sheet: dict[str, str], missing: list[date], day: date) -> bool:
    received = read_date(sheet["reception"]) or date.min
    return bool(missing) and (day - max(missing[0], received)).days >= LATE


def _not_netted(advance: tuple[Any, ...], paid: Sequence[tuple[Any, ...]], day: date) -> bool:
    on_it = [one for one in paid if _covered(one) & _covered(advance)]
    if advance[2] != "LIQUIDEE" or _covered(advance) - {each for one in on_it for each in _covered(one)}:
        return False
    return (day - max(date.fromisoformat(one[3]) for one in on_it)).days >= NETTED


def _covered(row: Sequence[Any]) -> set[date]:
    first, last = (date.fromisoformat(text) for text in row[:2])
    return {first + n * _DAY for n in range((last - first).days + 1)}


def _names(person: dict[str, str]) -> set[str]:
    first = person["prenoms"].split(", ")[0]
    return {same_text(f"{name} {first}") for name in (person["nom_naissance"], person["nom_usage"]) if name}


def _rows(folder: Path, application: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{folder / application}.db?mode=ro", uri=True)) as store:
        return store.execute(sql, values).fetchall()
