"""A fixed-width delivery in one transaction: bad rows aside, open keys aside, all of it or nothing, and each event told."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orchestrator.bootstrap.loading import open_loader
from orchestrator.bootstrap.world import World, load_keywords
from orchestrator.domain.errors import BadDelivery, RefusedDelivery
from orchestrator.domain.personal import nir_key
from orchestrator.engine import case_rows
from orchestrator.engine.load import Loaded
from orchestrator.settings import Settings
from orchestrator.store.database import StoreError
from orchestrator.store.vault import Vault

PROJECT = Path(__file__).parents[3]
SOURCE = """\
sources:
  - fixed_width: vague-*.txt
    encoding: cp1252
    length: 96
    fields:
      nir:        {from: 4, length: 15}
      birth_name: {from: 19, length: 30}
      stop_id:    {from: 49, length: 20}
      anomaly:    {from: 69, length: 20}
      raised_on:  {from: 89, length: 8, format: AAAAMMJJ}
    records: {from: 1, length: 3, header: "000", detail: "001", trailer: "999"}
    trailer: {rows: {from: 4, length: 8}}
"""
ROWS = 2_400
TABLES = "select (select count(*) from cases), (select count(*) from delivery), (select count(*) from row_set_aside)"


@dataclass
class Told:
    """What somebody who waits was told."""

    lines: list[tuple[str, int]] = field(default_factory=list)

    def checked(self, rows: int) -> None:
        self.lines.append(("checked", rows))

    def loaded(self, cases: int) -> None:
        self.lines.append(("loaded", cases))


@dataclass(frozen=True, kw_only=True)
class Wave:
    """A scenario that reads waves, and what it is told."""

    folder: Path
    world: World
    told: Told
    sql: psycopg.Connection[Any]

    async def load(self, name: str, rows: Sequence[str], count: int | None = None) -> Loaded:
        path = self.folder / name
        said = [f"{'000':<96}", *rows, f"{f'999{len(rows) if count is None else count:08}':<96}", ""]
        path.write_bytes("\r\n".join(said).encode("cp1252"))
        async with open_loader(self.world, self.told) as loader:
            return await loader.load(self.world.scenario("ij-acompte"), path, date(2026, 3, 27), "cli")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.sql.execute(query.encode()).fetchall()


@pytest.fixture
async def wave(tmp_path: Path, role_url: Mapping[str, str], owner_url: str, vault: Vault) -> AsyncIterator[Wave]:
    for folder in ("scenarios", "robots"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    path = tmp_path / "scenarios" / "ij-acompte.yaml"
    text = path.read_text("utf-8").replace("mode: live", "mode: shadow")
    start, end = text.index("sources:\n"), text.index("\n\n", text.index("sources:\n"))
    path.write_text(text[:start] + SOURCE + text[end:], "utf-8")
    settings = Settings(workspace=tmp_path, home=tmp_path)
    world = World(
        settings=settings, urls={**role_url, "owner": owner_url}, vault=vault, keywords=load_keywords(settings)
    )
    with psycopg.connect(owner_url, autocommit=True, options="-c search_path=glr") as sql:
        yield Wave(folder=tmp_path, world=world, told=Told(), sql=sql)


def rows(number: int = ROWS, name: str = "Le Gall") -> list[str]:
    found = []
    for row in range(number):
        person = f"1850261999{row % 999 + 1:03}"
        nir = f"{person}{nir_key(person):02}"
        found.append(f"001{nir}{name:<30}{f'AT{row:08}':<20}{'X':<20}20260324")
    return found


async def test_a_bad_row_in_the_middle_is_aside_and_every_case_has_its_event_in_the_order_of_the_file(
    wave: Wave,
) -> None:
    given = rows()
    given[1_200] = given[1_200][:-1]
    loaded = await wave.load("vague-1.txt", given)

    events = wave.ask("""
        select line, verb, actor, details - 'run' from audit_outbox join cases on reference = object
        where verb like 'case.%' order by audit_outbox.id""")
    said = {"version": 0, "epoch": 0, "scenario": "ij-acompte", "attempts": 0}
    assert (loaded.rows, loaded.cases, loaded.set_aside) == (ROWS, ROWS - 1, 1)
    assert wave.ask("select line, code, reason from row_set_aside") == [
        (1_202, "LONGUEUR", "ligne de 96 octets attendue, 95 trouvés")
    ]
    assert events == [(line, "case.ready", "cli", said) for line in range(2, ROWS + 2) if line != 1_202]
    assert wave.told.lines[:2] == [("checked", 1_000), ("checked", 2_000)]
    written = [count for what, count in wave.told.lines[2:] if what == "loaded"]
    assert written == sorted(set(written)), "a slow machine writes smaller batches, never a row twice"
    assert (len(wave.told.lines), written[-1]) == (2 + len(written), ROWS - 1)


async def test_the_same_cases_in_another_file_are_aside_each_with_the_case_that_is_open(wave: Wave) -> None:
    await wave.load("vague-1.txt", rows(1_300))
    again = await wave.load("vague-2.txt", rows(1_302, name="Guérin"))

    assert (again.cases, again.set_aside) == (2, 1_300)
    assert wave.ask("""
        select count(*), count(distinct aside.open_case) from row_set_aside aside join cases on cases.id = aside.open_case
        where aside.line = cases.line and aside.code = 'DEJA-OUVERT'
          and aside.reason = 'dossier déjà ouvert : ' || cases.reference || ', à traiter d''abord'""") == [
        (1_300, 1_300)
    ]
    with pytest.raises(RefusedDelivery, match=r"« vague-3.txt » a déjà été reçue : c'est « vague-1.txt »"):
        await wave.load("vague-3.txt", rows(1_300))


async def test_a_reference_that_another_case_has_is_drawn_anew(wave: Wave, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among a million cases, two are as likely as not drawn alike."""
    monkeypatch.setattr(case_rows, "_AS_LETTERS", bytes(b"AB"[byte % 2] for byte in range(256)))
    loaded = await wave.load("vague-1.txt", rows(130))
    again = await wave.load("vague-2.txt", [row.replace("AT0", "BT0") for row in rows(100)])

    assert (loaded.cases, again.cases, again.set_aside) == (130, 100, 0)
    assert wave.ask("select count(distinct reference), count(*) from cases") == [(230, 230)]
    assert wave.ask("select count(*) from blind_index join cases on cases.id = case_id") == [(230,)]


async def test_a_trailer_that_counts_otherwise_sets_the_whole_file_aside(wave: Wave) -> None:
    with pytest.raises(BadDelivery, match=r"ligne 12 : 11 lignes étaient annoncées, 10 trouvées. Rien n'a été chargé."):
        await wave.load("vague-1.txt", rows(10), count=11)

    assert wave.ask(TABLES) == [(0, 0, 0)]


async def test_what_breaks_in_the_last_thousand_leaves_nothing_and_a_repeat_loads_all(wave: Wave) -> None:
    wave.sql.execute("alter table cases add constraint breaks check (line < 2300)")
    with pytest.raises(StoreError):
        await wave.load("vague-1.txt", rows())
    before = wave.ask(TABLES), wave.ask("select count(*) from audit_outbox where verb = 'case.ready'")
    wave.sql.execute("alter table cases drop constraint breaks")
    loaded = await wave.load("vague-1.txt", rows())

    assert before == ([(0, 0, 0)], [(0,)])
    assert (loaded.cases, wave.ask(TABLES)) == (ROWS, [(ROWS, 1, 0)])
