"""RNIAM: who people are, where they belong and whether they are dead, shown from the working day after it was told.

Its people are those of the population, of the households and of the transfers. An attachment moves as PROGRES shows it:
once an agent has seen the transfer in the basket.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sandbox.db import Store
from sandbox.formats import show_date, show_nir
from sandbox.households import rights
from sandbox.model import Person, Population
from sandbox.transfers import COUNT, OURS, Transfer, capitals, transfers

NAME = "rniam"
_SATURDAY = 5
_INSERT = "INSERT OR IGNORE INTO personne VALUES (?, ?, ?, ?, ?, ?)"
_MOVED = (
    "SELECT min(c.jour), m.situation FROM corbeille c JOIN mutation m USING (nir) WHERE c.nir = ? AND c.issue = 'OK'"
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is shown of a person."""

    identity: dict[str, str]
    organism: str
    since: str
    death: str


def shown_from(told: date) -> date:
    """The first day on which what was told on a day is shown: the next one that is no Saturday or Sunday."""
    day = told + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day


def moved_on(progres: Store, nir: str, today: date) -> date | None:
    """Since when a person who asked for a transfer belongs to us; None while that is not shown."""
    row = progres.one(_MOVED, nir)
    if row is None or row[0] is None or json.loads(row[1])["stays"]:
        return None
    seen = date.fromisoformat(row[0])
    return seen if shown_from(seen) <= today else None


def find(store: Store, progres: Path, nir: str, today: date) -> Known | None:
    """What the registry shows of a NIR on a day; None for nobody."""
    row = store.one(
        "SELECT identite, organisme, organisme_depuis, deces, deces_signale_le FROM personne WHERE nir = ?", nir
    )
    if row is None:
        return None
    identity, organism, since, death, told = row
    moved = _moved(progres, nir, today)
    where = (OURS, show_date(moved)) if moved else (organism, since)
    dead = death if death and shown_from(date.fromisoformat(told)) <= today else ""
    return Known(identity=json.loads(identity), organism=where[0], since=where[1], death=dead)


def fill(store: Store, population: Population) -> None:
    """Everybody, once each."""
    people = (*population.people, *(right.person for right in rights()))
    store.run_many(_INSERT, [_person(one) for one in people])
    add(store, transfers(population.seed, COUNT, population.today))


def add(store: Store, requests: Iterable[Transfer]) -> None:
    """The people of some requests for a transfer."""
    store.run_many(_INSERT, [_transferred(one) for one in requests])


def add_to(folder: Path, requests: Iterable[Transfer]) -> None:
    """The same, in the store of a folder."""
    store = Store(folder / f"{NAME}.db")
    with store.transaction():
        add(store, requests)
    store.close()


def _moved(path: Path, nir: str, today: date) -> date | None:
    """Nobody has moved before PROGRES was ever served; its store is not made here."""
    if not path.exists():
        return None
    progres = Store(path)
    try:
        return moved_on(progres, nir, today)
    finally:
        progres.close()


def _person(one: Person) -> tuple[str, ...]:
    identity = {
        "nir": show_nir(one.nir),
        "certification": "certifié" if one.certified else "non certifié",
        "nom_naissance": capitals(one.birth_name),
        "prenoms": ", ".join(capitals(name) for name in one.first_names),
        "date_naissance": show_date(one.birth),
        "lieu_naissance": one.birth_place,
    }
    death = one.registry_death or one.death
    told = one.registry_told or death
    since = show_date(one.organism_since)
    return (one.nir, json.dumps(identity), one.organism, since, show_date(death), told.isoformat() if told else "")


def _transferred(one: Transfer) -> tuple[str, ...]:
    identity = {
        "nir": show_nir(one.nir),
        "certification": "certifié" if one.certified else "non certifié",
        "nom_naissance": capitals(one.birth_name),
        "prenoms": capitals(one.first_name),
        "date_naissance": one.born,
        "lieu_naissance": one.nir[5:10],
    }
    died = one.received - timedelta(days=7) if one.dead else None
    told = died.isoformat() if died else ""
    return (one.nir, json.dumps(identity), one.rniam, "01/01/2018", show_date(died), told)
