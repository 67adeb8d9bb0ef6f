"""What PROGRES holds: the daily allowances of the salaried, where people belong, and the notes of the work basket."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sandbox.db import Row, Store
from sandbox.formats import show_date, show_money
from sandbox.model import Person, Population
from sandbox.registry import moved_on
from sandbox.stores import fill_accounts, known_accounts
from sandbox.transfers import COUNT, OURS, Transfer, transfers

NAME = "progres"
#: Of a page.
PAYMENTS, NOTES, LINKED = 12, 6, 8


@dataclass(frozen=True, kw_only=True)
class Insured:
    """Whom a screen is about."""

    nir: str
    name: str
    rattachement: dict[str, str]


def ensure(folder: Path, population: Population) -> Store:
    """Open the store of a folder, made from its population when there is none."""
    path = folder / f"{NAME}.db"
    made = not path.exists()
    store = Store(path)
    if made:
        store.create(NAME)
        with store.transaction():
            fill_accounts(store, known_accounts(population.seed)[NAME])
            _fill(store, population)
            fill_transfers(store, transfers(population.seed, COUNT, population.today))
        (folder / f"{NAME}.ledger.jsonl").touch()
    return store


def find(store: Store, nir: str) -> Insured | None:
    """The person of a NIR."""
    row = store.one("SELECT nom, rattachement FROM salarie WHERE nir = ?", nir)
    return Insured(nir=nir, name=row[0], rattachement=json.loads(row[1])) if row else None


def payments(store: Store, nir: str) -> list[str]:
    """The lines of a person's list of allowances, latest first."""
    rows = store.all("SELECT du, au, statut, subrogation, montant_c, etat FROM ij WHERE nir = ? ORDER BY du DESC", nir)
    return [
        f"{_day(start)} {_day(end)} {status:<10} {subrogated:<4} {_plain(cents):>10}  {state}"
        for start, end, status, subrogated, cents, state in rows
    ]


def notes(store: Store, nir: str) -> list[str]:
    """The lines of a person's list of notes, two to each, in the order of their entry."""
    rows = store.all(
        "SELECT numero, reference, du, au, montant_c, auteur, libre FROM note WHERE nir = ? ORDER BY id", nir
    )
    return [
        line
        for number, stop, start, end, cents, author, token in rows
        for line in (f"{number:<10} {stop:<10} {start} {end} {_plain(cents):>10}", f"{'':<10} {author:<16} {token}")
    ]


def attached(store: Store, insured: Insured, today: date) -> dict[str, str]:
    """Where a person belongs: moved once an agent saw the transfer in the basket, who acts the same evening."""
    since = moved_on(store, insured.nir, today)
    return {**insured.rattachement, "organism": OURS, "since": show_date(since)} if since else insured.rattachement


def situation(store: Store, nir: str) -> tuple[dict[str, str], list[str]] | None:
    """What RNIAM and the former scheme say of a person who asks for a transfer, and the lines listed beside."""
    row = store.one("SELECT situation FROM mutation WHERE nir = ?", nir)
    if row is None:
        return None
    found = json.loads(row[0])
    return found["shown"], found["lines"]


def basket(store: Store, nir: str) -> list[str]:
    """The lines of a person's work basket, two to each entry."""
    rows = store.all(
        "SELECT numero, reference, du, au, issue, auteur, libre FROM corbeille WHERE nir = ? ORDER BY id", nir
    )
    return [
        line
        for number, reference, start, end, outcome, author, token in rows
        for line in (f"{number:<10} {reference:<20} {start} {end} {outcome}", f"{'':<10} {author:<16} {token}")
    ]


def fill_transfers(store: Store, requests: Iterable[Transfer]) -> None:
    """Keep the people of some requests."""
    for one in requests:
        where = {"organism": one.rniam, "since": "01/01/2018", "certified": one.situation["shown"]["certified"]}
        name = f"{one.birth_name} {one.first_name}".upper()
        store.run("INSERT OR IGNORE INTO salarie VALUES (?, ?, ?)", one.nir, name, json.dumps(where))
        store.run("INSERT INTO mutation VALUES (?, ?)", one.nir, json.dumps(one.situation))


def _day(text: str) -> str:
    return show_date(date.fromisoformat(text))


def _plain(cents: int) -> str:
    return show_money(cents).replace("\N{NO-BREAK SPACE}", " ")


def _fill(store: Store, population: Population) -> None:
    held = {person.nir: person for person in population.people}
    store.run_many(
        "INSERT INTO salarie (nir, nom, rattachement) VALUES (?, ?, ?)",
        [(nir, _name(person), json.dumps(_rattachement(person))) for nir, person in held.items()],
    )
    for number, person in enumerate(held.values()):
        store.run_many(
            "INSERT INTO ij (nir, du, au, statut, subrogation, montant_c, etat) VALUES (?, ?, ?, ?, ?, ?, ?)",
            list(_lines(population.seed, number, person)),
        )


def _name(person: Person) -> str:
    return f"{person.birth_name} {person.first_names[0]}".replace("œ", "oe").upper()


def _rattachement(person: Person) -> dict[str, str]:
    return {
        "organism": person.organism,
        "since": show_date(person.organism_since),
        "certified": "CERTIFIE" if person.certified else "NON CERTIFIE",
    }


def _lines(seed: int, number: int, person: Person) -> Iterator[Row]:
    """Most have never been salaried; every seventh has some lines, every eleventh of these three pages, long over."""
    if number % 7 != 3:
        return
    rng = random.Random(f"{seed}/{NAME}/{number}")
    day = person.stops[0].start - timedelta(days=800)
    for _ in range(31 if number % 77 == 3 else rng.randint(1, 5)):
        end = day + timedelta(days=rng.randint(2, 9))
        subrogated = rng.choice(("NON", "OUI"))
        yield (person.nir, day.isoformat(), end.isoformat(), "SALARIE", subrogated, rng.randint(9_000, 45_000), "PAYE")
        day = end + timedelta(days=rng.randint(2, 12))
