"""RNIAM as bytes of its store: it agrees with PROGRES about everybody, and shows what was told from the next working day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sandbox import registry
from sandbox.db import Store
from sandbox.formats import show_nir
from sandbox.green import data
from sandbox.population import build
from sandbox.stores import create
from sandbox.transfers import COUNT, OURS, transfers

TODAY = date(2026, 3, 27)
POPULATION = build(60, 4, TODAY.isoformat())


@contextmanager
def both(folder: Path) -> Iterator[tuple[Store, Store]]:
    """The stores of RNIAM and of PROGRES."""
    create(folder, POPULATION)
    stores = Store(folder / "rniam.db"), data.ensure(folder, POPULATION)
    yield stores
    for store in stores:
        store.close()


def test_everybody_belongs_where_progres_says_and_the_nir_is_as_certified(tmp_path: Path) -> None:
    with both(tmp_path) as (rniam, progres):
        everybody = [nir for (nir,) in progres.all("SELECT nir FROM salarie")]
        assert len(everybody) > 60
        for nir in everybody:
            insured = data.find(progres, nir)
            known = registry.find(rniam, tmp_path / "progres.db", nir, TODAY)
            assert insured
            assert known
            assert known.identity["nir"] == show_nir(nir)
            said = {"organism": known.organism, "since": known.since}
            certified = "NON CERTIFIE" if known.identity["certification"] == "non certifié" else "CERTIFIE"
            assert {**said, "certified": certified} == data.attached(progres, insured, TODAY)


@pytest.mark.parametrize(("day", "moved"), [("2026-03-27", False), ("2026-03-29", False), ("2026-03-30", True)])
def test_an_attachment_moves_in_both_on_the_working_day_after_the_basket_was_seen(
    tmp_path: Path, *, day: str, moved: bool
) -> None:
    requests = list(transfers(POPULATION.seed, COUNT, TODAY))
    one = next(each for each in requests if not each.codes and not each.stays)
    stays = next(each for each in requests if each.stays)
    with both(tmp_path) as (rniam, progres):
        for each in (one, stays):
            progres.run(
                "INSERT INTO corbeille (nir, reference, du, au, issue, cotation, motif, libre, auteur, jour)"
                " VALUES (?, '', '', '', 'OK', '', '', '', '', ?)",
                each.nir, TODAY.isoformat(),
            )  # fmt: skip
        for each, expected in ((one, moved), (stays, False)):
            insured = data.find(progres, each.nir)
            known = registry.find(rniam, tmp_path / "progres.db", each.nir, date.fromisoformat(day))
            assert insured
            assert known
            assert (known.organism == OURS) is expected
            assert data.attached(progres, insured, date.fromisoformat(day))["organism"] == known.organism


@pytest.mark.parametrize(
    ("told", "day", "shown"),
    [("2026-03-26", "2026-03-27", True), ("2026-03-27", "2026-03-27", False), ("2026-03-27", "2026-03-28", False),
     ("2026-03-27", "2026-03-30", True)],
)  # fmt: skip
def test_a_death_that_bdo_does_not_know_is_shown_from_the_working_day_after_it_was_told(
    tmp_path: Path, *, told: str, day: str, shown: bool
) -> None:
    person = POPULATION.people[0]
    dead = replace(person, registry_death=date(2026, 3, 11), registry_told=date.fromisoformat(told))
    store = Store(tmp_path / "rniam.db")
    store.create("rniam")
    registry.fill(store, replace(POPULATION, rows=(), others=(dead,)))
    known = registry.find(store, tmp_path / "progres.db", person.nir, date.fromisoformat(day))
    assert known
    assert known.death == ("11/03/2026" if shown else "")
    assert registry.find(store, tmp_path / "progres.db", "199019900000107", TODAY) is None
    assert not (tmp_path / "progres.db").exists(), "the store of PROGRES is made by PROGRES alone"
