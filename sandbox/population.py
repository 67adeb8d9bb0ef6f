"""A deterministic population: people listed by ARPEGE, and the delivery's rows in their order."""

import random
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sandbox.cases_bad_rows import BAD_CASES, DUPLICATE
from sandbox.cases_controls import CONTROL_CASES
from sandbox.cases_domain import DOMAIN_CASES
from sandbox.cases_fine import FINE_CASES
from sandbox.errors import BadOptionError
from sandbox.followed import people as followed
from sandbox.maker import TECHNICAL_CODES, Maker, incomes
from sandbox.model import BadRow, Listed, Payment, Person, Population, Stop
from sandbox.rules import APPROVAL_ABOVE_C, compute
from sandbox.witness import witness

DEFAULT_SIZE = 200
DEFAULT_SEED = 931
DEFAULT_TODAY = "2026-03-27"
SMALLEST = 20
#: Of 100 rows: those of the special people, the bad ones, the plain ones above the approval threshold.
_SPECIAL, _BAD, _LARGE = 43, 5, 5


@lru_cache(maxsize=2)
def build(size: int, seed: int, today: str, *, evening: bool = False) -> Population:
    """The population of a size (data rows), a seed and a day (ISO): always the same.

    That of an `evening` has the advances to follow besides.
    """
    if size < SMALLEST:
        raise BadOptionError(f"--people {size}: at least {SMALLEST}")
    maker = Maker(seed, date.fromisoformat(today))
    bad_count = max(2, min(len(BAD_CASES) + 1, size * _BAD // 100))
    special = _special_people(maker, size * _SPECIAL // 100)
    large = [_plain(maker, large=True) for _ in range(size * _LARGE // 100)]
    small = [_plain(maker, large=False) for _ in range(size - bad_count - len(special) - len(large))]
    listed = [*special, *large, *small]
    twins = tuple(_twin(maker, one.person) for one in special if one.person.homonyms)
    bad = [make(maker) for make in BAD_CASES[: bad_count - 1]]
    rows = _in_order(random.Random(f"order/{seed}"), listed, bad, small[0])
    others = (*twins, witness(), *(followed(maker) if evening else ()))
    return Population(size=size, seed=seed, today=maker.today, rows=tuple(rows), others=others, evening=evening)


def _special_people(maker: Maker, wanted: int) -> list[Listed]:
    """Special people by turns of the three lists, each case once, as many as fit."""
    turns = [DOMAIN_CASES, CONTROL_CASES, FINE_CASES]
    longest = max(len(cases) for cases in turns)
    mixed = [cases[n] for n in range(longest) for cases in turns if n < len(cases)]
    return [make(maker) for make in mixed[:wanted]]


def _in_order(rng: random.Random, listed: list[Listed], bad: list[BadRow], twice: Listed) -> list[Listed | BadRow]:
    """Everything shuffled, the second row of a repeated key somewhere after the first."""
    rows: list[Listed | BadRow] = [*listed, *bad]
    rng.shuffle(rows)
    again = BadRow(case=DUPLICATE, fields=fields_of(twice))
    rows.insert(rng.randint(rows.index(twice) + 1, len(rows)), again)
    return rows


def fields_of(listed: Listed) -> tuple[str, ...]:
    """The five fields of a good row."""
    raised = f"{listed.raised_on:%d/%m/%Y}"
    return (listed.nir_as_delivered, listed.name_as_delivered, listed.stop_reference, listed.anomaly, raised)


def _plain(maker: Maker, *, large: bool) -> Listed:
    """A person in order; the advance is well inside (30.00, 690.00), or above 710.00 when `large`."""
    while True:
        person = _draw(maker, large=large)
        amount_c = compute(person, person.stops[-1], maker.today).amount_c
        if amount_c > APPROVAL_ABOVE_C + 1_000 if large else 3_000 < amount_c < APPROVAL_ABOVE_C - 1_000:
            code = maker.random.choice(TECHNICAL_CODES)
            name = _spelled(maker.random, person.birth_name)
            return maker.listed("large" if large else "nominal", person, anomaly=code, name_as_delivered=name)


def _draw(maker: Maker, *, large: bool) -> Person:
    rng = maker.random
    start = maker.today - timedelta(days=rng.randint(20, 50) if large else rng.randint(7, 45))
    stop = _plain_stop(maker, start, rng.randint(25, 60) if large else rng.randint(6, 50))
    category = rng.choices(("TI", "PL", "PAMC"), (8, 1, 1))[0]
    euros = rng.randint(26_000, 75_000) if large else rng.randint(9_000, 48_000)
    years = tuple(euros * rng.randint(90, 110) // 100 for _ in range(rng.choice((3, 3, 4))))
    days = rng.randint(0, 90) if category == "TI" else 0
    changes: dict[str, Any] = {"category": category, "incomes": incomes(stop.medical.year, years), "days_paid": days}
    person = maker.person(stop, **changes)
    return _with_past(maker, person) if rng.random() < 0.3 else person


def _plain_stop(maker: Maker, start: date, length: int) -> Stop:
    rng = maker.random
    medical = start - timedelta(days=rng.choice((0, 0, 0, 1)))
    received = medical + timedelta(days=rng.randint(0, 2))
    dates = {"medical": medical, "prescribed": medical, "received": received}
    return maker.stop(start, start + timedelta(days=length - 1), **dates)


def _with_past(maker: Maker, person: Person) -> Person:
    """The same person with an older stop, long over and paid."""
    start = person.stops[-1].start - timedelta(days=maker.random.randint(120, 300))
    past = maker.stop(start, start + timedelta(days=maker.random.randint(5, 40)))
    days = (past.end - past.start).days - 2
    gross_c = 3_100 * days
    paid = Payment(
        reference=past.reference, start=past.start + timedelta(days=3), end=past.end, gross_c=gross_c,
        csg_c=(gross_c * 62 + 500) // 1000, crds_c=(gross_c * 5 + 500) // 1000, paid_on=past.end + timedelta(days=9),
        state="PAYE",
    )  # fmt: skip
    return replace(person, stops=(past, *person.stops), payments=(paid,))


def _spelled(rng: random.Random, name: str) -> str:
    """The name as one extract or another writes it: the same once normalised."""
    spellings = (name, name, name.upper(), name.replace("'", "’"), name.replace("-", " "))
    return rng.choice(spellings)


def _twin(maker: Maker, person: Person) -> Person:
    """A person of the same names and birth date under another NIR, who is not in the delivery."""
    stop = maker.stop(date(2025, 9, 1), date(2025, 9, 14))
    nir = maker.fresh_nir(person.sex, person.birth)
    return replace(person, nir=nir, birth_place=nir[5:10], stops=(stop,), payments=(), advances=())
