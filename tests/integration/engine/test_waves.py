"""A wave's differences as cases, with a real database and a real session; then its stop/go, judged by what was planted."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from published import orchestrator_of, publish_at
from robot_world import beating
from waves_house import PROJECT, planted
from workshops import workshop_in

from keywords import waves
from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.cases import RetryPolicy
from orchestrator.domain.errors import RefusedDelivery
from orchestrator.drivers.bordereau import BordereauRun, results_path, write_results
from orchestrator.drivers.deliveries import Delivery
from orchestrator.drivers.workshop import DeclaredFolder
from orchestrator.engine.extraction import Extraction
from orchestrator.engine.load import Loader
from orchestrator.engine.results import RowResult, results_of
from orchestrator.engine.session import RobotSession
from orchestrator.engine.tickets import ticket_queue
from orchestrator.engine.work import Workbench
from orchestrator.language.load import load_scenario
from orchestrator.language.model import ExtractSource
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox import waves as practice

DAY = practice.WAVES[0][0]


@dataclass
class Control:
    """The shipped scenario at work on extracts of its own."""

    bench: Workbench
    loader: Loader
    session: Callable[[], RobotSession]
    extracts: Path

    async def read(self) -> Delivery:
        """Compare, as ``glr run controle-vagues`` does."""
        (source,) = self.bench.scenario.sources
        assert isinstance(source, ExtractSource)
        return await Extraction(bench=self.bench, database=self.loader.database).read(source, DAY)

    async def rows(self, run: UUID) -> list[RowResult]:
        return await results_of(self.loader.database, run)

    async def explain(self, owner: Database, run: UUID, references: list[str], word: str) -> None:
        """Do what the console does when an agent corrects the field and sends back; then let the robot look."""
        fields = self.bench.vault
        async with owner.transaction("agent:test") as tx:
            for reference in references:
                cursor = await tx.connection.execute(
                    "select id, data_key, payload from cases where run = %s and reference = %s", [run, reference]
                )
                case = await cursor.fetchone()
                assert case is not None
                key, about = fields.data_key(case["id"], case["data_key"]), f"cases:payload:{case['id']}"
                opened = fields.open(key, about, case["payload"])
                changed = {**opened, "fields": {**opened["fields"], "explanation": word}}
                await tx.connection.execute(
                    "update exception_item set closed_at = now(), closed_by = 'test', decision = 'resend' "
                    "where case_id = %s and closed_at is null",
                    [case["id"]],
                )
                await tx.connection.execute(
                    "update cases set state = 'ready', instruction = %s, payload = %s where id = %s",
                    [Jsonb({}), fields.seal(key, about, changed), case["id"]],
                )
        await self.session().run()


@pytest.fixture
async def control(runner_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Control]:
    async with _control(runner_url, vault, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def _control(runner_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Control]:
    words = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "controle-vagues.yaml", keywords=words, caisse="cpam-931")
    await publish_at(runner_url, scenario)
    workshop = workshop_in(tmp_path)
    workshop.folders = {"vagues": DeclaredFolder(path=tmp_path / "in", write=False)}
    queue = ticket_queue(orchestrator_of(runner_url), size=1)
    async with (
        Database(runner_url, size=4) as database,
        Database(orchestrator_of(runner_url), size=2) as orchestrator,
        queue.open_async(),
    ):
        bench = Workbench(
            scenario=scenario, keywords=words, desks={}, database=database, vault=vault, evidence=tmp_path / "evidence",
            robot="controle-vagues", workshop=workshop,
        )  # fmt: skip
        runner = UUID(int=1)
        async with database.transaction("test") as tx:
            await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
        with beating(runner_url) as heartbeat:
            yield Control(
                bench=bench,
                loader=Loader(database=orchestrator, queue=queue, vault=vault),
                session=lambda: RobotSession(
                    bench=bench,
                    heartbeat=heartbeat,
                    runner=runner,
                    id=uuid4(),
                    policy=RetryPolicy(attempts=2, first_delay=0.2),
                    stopping=asyncio.Event(),
                ),
                extracts=tmp_path / "in",
            )
    await workshop.close()


def _stop_go() -> ModuleType:
    path = PROJECT / "robots" / "controle-vagues" / "stop_go.py"
    spec = importlib.util.spec_from_file_location("stop_go_of_the_robot", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def _file(control: Control, run: UUID, delivery: Delivery, tmp_path: Path) -> dict[str, Any]:
    """Return what the stop/go file says now, from the results of the run as a closing writes them."""
    about = BordereauRun(
        id=run, scenario="controle-vagues", title="", version="0", robot="controle-vagues", run_date=DAY,
        delivery=delivery.name, delivery_sha256=delivery.sha256, delivery_rows=delivery.total_rows,
    )  # fmt: skip
    await write_results(about, await control.rows(run), tmp_path)
    wave = await waves.summary(control.bench.workshop, folder="vagues", day=DAY)
    library = _stop_go().stop_go(str(results_path(tmp_path, about)), str(PROJECT / "scenarios" / "rules"))
    library.check(wave)
    return dict(library.values(wave, about.name))


async def test_each_difference_is_a_case_a_person_explains_and_the_file_says_go_when_all_are(
    control: Control, owner_db: Database, tmp_path: Path
) -> None:
    people = planted(practice.write(control.extracts, 1, people=80, whole=True))
    delivery = await control.read()
    loaded = await control.loader.start(control.bench.scenario, delivery, DAY, "test")
    assert (loaded.cases, loaded.set_aside) == (len(people), 0)
    with pytest.raises(RefusedDelivery):
        await control.loader.start(control.bench.scenario, await control.read(), DAY, "test")
    await control.session().run()
    rows = await control.rows(loaded.run)
    assert [(row.outcome.value, row.codes) for row in rows] == [("exception", codes) for _, _, codes, _ in people]

    first = await _file(control, loaded.run, delivery, tmp_path)
    assert (first["verdict"], first["numero"]) == ("STOP", 0)
    some, others = rows[:3], rows[3:]
    await control.explain(owner_db, loaded.run, [str(row.reference) for row in some], "JUSTIFIE")
    second = await _file(control, loaded.run, delivery, tmp_path)
    assert (second["verdict"], second["numero"]) == ("STOP", 3)
    assert [row["Dossier"] for row in second["liste"] if row["Explication"]] == [row.reference for row in some]
    await control.explain(owner_db, loaded.run, [str(row.reference) for row in others], "A EXPLIQUER")
    assert (await _file(control, loaded.run, delivery, tmp_path))["numero"] == 3, (
        "sent back as it was: still to explain"
    )
    await control.explain(owner_db, loaded.run, [str(row.reference) for row in others], "CORRIGE")
    last = await _file(control, loaded.run, delivery, tmp_path)
    assert (last["verdict"], last["numero"]) == ("GO", len(people))
    assert {row["Restent"] for row in last["ecarts"]} == {0}
    found = {row["Écart"][:4]: row["Trouvés"] for row in last["ecarts"][:-1]}
    assert found == {code: sum(code in codes for _, _, codes, _ in people) for code in found}


async def test_an_unreadable_line_is_set_aside_with_its_person_to_explain_and_stops(
    control: Control, owner_db: Database, tmp_path: Path
) -> None:
    practice.write(control.extracts, 1, people=80)
    delivery = await control.read()
    loaded = await control.loader.start(control.bench.scenario, delivery, DAY, "test")
    await control.session().run()
    rows = await control.rows(loaded.run)
    assert [row.outcome.value for row in rows].count("set_aside") == loaded.set_aside == 1
    explained = [str(row.reference) for row in rows if row.outcome.value == "exception"]
    await control.explain(owner_db, loaded.run, explained, "SUIVI")
    said = await _file(control, loaded.run, delivery, tmp_path)
    assert said["verdict"] == "STOP"
    assert said["motif"].endswith(" : Lignes illisibles.")


async def test_explanations_and_the_file_are_of_the_extracts_that_were_compared(
    control: Control, owner_db: Database, tmp_path: Path
) -> None:
    path = practice.write(control.extracts, 1, people=80)
    delivery = await control.read()
    loaded = await control.loader.start(control.bench.scenario, delivery, DAY, "test")
    await control.session().run()
    row = next(row for row in await control.rows(loaded.run) if row.outcome.value == "exception")
    practice.write(path.parent, 1, people=80, seed=7)
    await control.explain(owner_db, loaded.run, [str(row.reference)], "JUSTIFIE")
    again = next(one for one in await control.rows(loaded.run) if one.reference == row.reference)
    assert again.codes == ("V-00",)
    with pytest.raises(AssertionError, match="ne sont plus ceux"):
        await _file(control, loaded.run, delivery, tmp_path)


async def test_a_wave_without_a_difference_is_a_go(control: Control, tmp_path: Path) -> None:
    practice.write(control.extracts, 1, people=80)
    before, after = (control.extracts / f"vague-{DAY:%Y%m%d}-{side}.txt" for side in ("avant", "apres"))
    text = before.read_text("cp1252").replace("AVANT", "APRES").replace(f"{DAY:%Y%m}17", f"{DAY:%Y%m%d}")
    lines = dict.fromkeys(text.splitlines())  # who is there twice, once; and who has no day, not at all
    people = [line for line in lines if line.startswith("001") and line[73:81].strip()]
    kept = {line[3:18] for line in people}
    old = [line for line in dict.fromkeys(before.read_text("cp1252").splitlines()) if line[3:18] in kept]
    for file, rows in ((before, old), (after, people)):
        head = f"00001{'AVANT' if file == before else 'APRES'}{DAY:%Y%m%d}".ljust(118)
        file.write_bytes("\r\n".join([head, *rows, f"999{len(rows):08}".ljust(118), ""]).encode("cp1252"))
    delivery = await control.read()
    loaded = await control.loader.start(control.bench.scenario, delivery, DAY, "test")
    assert (loaded.rows, loaded.cases) == (0, 0)
    said = await _file(control, loaded.run, delivery, tmp_path)
    assert (said["verdict"], said["sans_ecart"], said["liste"]) == ("GO", len(people), [])
