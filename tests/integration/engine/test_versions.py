"""Two people for each version, the one before that goes on, a ramp that holds with many lanes, a stop after incidents."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from audit_rows import add_run
from case_rows import one_row
from psycopg.rows import dict_row
from published import APPROVER, PROPOSER, publish, publish_bare
from settling import settled

from orchestrator.bootstrap.services import open_console, open_planner
from orchestrator.bootstrap.versions import InForce, scenario_to_run
from orchestrator.bootstrap.world import World, load_keywords
from orchestrator.domain.civil import PARIS, SystemClock
from orchestrator.engine import versions
from orchestrator.engine.case_rows import new_reference
from orchestrator.engine.load import Loader
from orchestrator.engine.tickets import ticket_queue
from orchestrator.engine.turns import claim, next_turn
from orchestrator.engine.versions import NotPublished, RefusedPublication, UnusableVersion
from orchestrator.settings import Settings
from orchestrator.store.accounts import create_account
from orchestrator.store.database import Database, StoreError, array
from orchestrator.store.vault import Vault

PROJECT = Path(__file__).parents[3]
CAISSE, SCENARIO = "cpam-931", "ij-acompte"
WHERE = {"caisse": CAISSE, "scenario": SCENARIO}


# --- two people ------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path, role_url: Mapping[str, str], owner_url: str, vault: Vault) -> World:
    """A project of our own on disk, on the test's database."""
    home = tmp_path / "home"
    for folder in ("scenarios", "robots"):
        shutil.copytree(PROJECT / folder, home / folder)
    settings = Settings(workspace=tmp_path, home=home)
    return World(
        settings=settings, urls={**role_url, "owner": owner_url}, vault=vault, keywords=load_keywords(settings)
    )


def change(world: World, before: str, after: str, path: str = "scenarios/ij-acompte.yaml") -> None:
    """Change a file of the project on disk."""
    file = world.settings.project / path
    text = file.read_text("utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), "utf-8")


def events(owner_url: str) -> list[tuple[str, str]]:
    with psycopg.connect(owner_url) as connection:
        return connection.execute(
            "select actor, verb from glr.audit_outbox where verb like 'version.%' order by id"
        ).fetchall()


async def approve(owner: Database, login: str) -> None:
    async with owner.transaction(f"agent:{login}") as tx:
        waiting = await tx.first("versions.proposed", **WHERE)
        assert waiting is not None
        await versions.approve(tx, CAISSE, SCENARIO, waiting["id"], login)


async def to_run(owner: Database, world: World) -> str:
    return (await scenario_to_run(owner, world, SCENARIO, "test")).hash


async def test_no_transaction_waits_while_a_version_is_read(
    world: World, owner_db: Database, owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(owner_db, world.scenario(SCENARIO))
    waiting = []
    restore = versions.restore

    def looked_at(*asked: Any) -> versions.Runnable:
        with psycopg.connect(owner_url, autocommit=True) as outsider:
            found = "select state from pg_stat_activity where datname = current_database() and state like 'idle in %'"
            waiting.extend(outsider.execute(found).fetchall())
        return restore(*asked)

    monkeypatch.setattr(versions, "restore", looked_at)
    assert await to_run(owner_db, world) == world.scenario(SCENARIO).hash
    assert waiting == []


async def test_a_live_scenario_does_not_run_before_two_people_published_it(world: World, owner_db: Database) -> None:
    with pytest.raises(NotPublished, match="glr publish ij-acompte"):
        await scenario_to_run(owner_db, world, SCENARIO, "test")
    change(world, "mode: live", "mode: shadow")
    assert await to_run(owner_db, world) == world.scenario(SCENARIO).hash


async def test_a_delivery_is_not_loaded_under_a_live_version_that_is_not_published(
    world: World, orchestrator_db: Database, orchestrator_url: str, vault: Vault, tmp_path: Path
) -> None:
    delivery = tmp_path / "anomalies-arpege-1.csv"
    delivery.write_bytes("N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date\r\nFIN;0\r\n".encode("cp1252"))
    queue = ticket_queue(orchestrator_url, size=1)
    async with queue.open_async():
        loader = Loader(database=orchestrator_db, queue=queue, vault=vault)
        with pytest.raises(NotPublished):
            await loader.load(world.scenario(SCENARIO), delivery, date(2026, 3, 27), "test")


async def test_who_proposed_a_version_cannot_approve_it_whatever_the_code_asks(
    world: World, owner_db: Database, owner_url: str
) -> None:
    scenario = world.scenario(SCENARIO)
    await publish(owner_db, scenario)
    change(world, "default: 0.80", "default: 0.70")
    async with owner_db.transaction(f"agent:{PROPOSER}") as tx:
        await versions.propose(tx, world.scenario(SCENARIO), PROPOSER, "taux de mars")
    with pytest.raises(RefusedPublication, match="autre que la personne"):
        await approve(owner_db, PROPOSER)
    with psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=x") as connection:
        connection.execute("update publication set state = 'replaced' where state = 'published'")
        with pytest.raises(psycopg.errors.CheckViolation, match="second_person"):
            connection.execute(
                "update publication set state = 'published', decided_by = proposed_by, decided_at = now()"
                " where state = 'proposed'"
            )
    assert await to_run(owner_db, world) == scenario.hash


async def test_an_agent_neither_proposes_nor_approves(world: World, owner_db: Database) -> None:
    async with owner_db.transaction("owner") as tx:
        await create_account(tx, "a.martin", CAISSE, "Alice Martin", "agent", "correct cheval pile agrafe")
    with pytest.raises(RefusedPublication, match=r"a\.martin"):
        async with owner_db.transaction("agent:a.martin") as tx:
            await versions.propose(tx, world.scenario(SCENARIO), "a.martin", "")
    await publish(owner_db, world.scenario(SCENARIO))
    change(world, "default: 0.80", "default: 0.70")
    async with owner_db.transaction(f"agent:{PROPOSER}") as tx:
        await versions.propose(tx, world.scenario(SCENARIO), PROPOSER, "")
    with pytest.raises(RefusedPublication):
        await approve(owner_db, "a.martin")


async def test_what_was_proposed_does_not_change_until_it_is_approved(
    world: World, owner_db: Database, owner_url: str
) -> None:
    async with owner_db.transaction(f"agent:{PROPOSER}") as tx:
        await tx.connection.execute("insert into account values ('v.premier', %s, 'V', 'supervisor', 'x')", [CAISSE])
        await versions.propose(tx, world.scenario(SCENARIO), PROPOSER, "")
        await tx.run("versions.record", hash="h", caisse=CAISSE, name=SCENARIO, title="t", document="d", parallel=1,
                     ramp="{}", incidents=None, outside="[]")  # fmt: skip
    with (
        psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=x") as connection,
        pytest.raises(psycopg.DatabaseError, match="what was proposed does not change"),
    ):
        connection.execute("update publication set version = 'h'")


async def test_the_published_version_goes_on_whatever_happens_on_disk(
    world: World, owner_db: Database, owner_url: str
) -> None:
    first = world.scenario(SCENARIO)
    await publish(owner_db, first)
    change(world, "default: 0.80", "default: 0.70")
    change(world, "quarantine_days: 30 ", "quarantine_days: 31 ", "scenarios/rules/ij.yaml")
    assert await to_run(owner_db, world) == first.hash
    second = world.scenario(SCENARIO)
    await publish(owner_db, second)
    assert await to_run(owner_db, world) == second.hash
    (world.settings.project / "scenarios" / "ij-acompte.yaml").write_text("plus rien", "utf-8")
    running = await scenario_to_run(owner_db, world, SCENARIO, "test")
    assert (running.hash, running.parameters) == (second.hash, second.parameters)
    assert events(owner_url) == [
        ("agent:v.premier", "version.proposed"),
        ("agent:w.second", "version.published"),
        ("agent:v.premier", "version.proposed"),
        ("agent:w.second", "version.replaced"),
        ("agent:w.second", "version.published"),
    ]


async def test_a_version_whose_keywords_changed_is_refused_with_the_reason(world: World, owner_db: Database) -> None:
    await publish(owner_db, world.scenario(SCENARIO))
    word = world.keywords["bdo.person"]
    upgraded = replace(world, keywords={**world.keywords, "bdo.person": replace(word, doc="autre chose")})
    with pytest.raises(UnusableVersion, match="les mots-clés installés ne sont plus déclarés"):
        await to_run(owner_db, upgraded)
    without = {name: word for name, word in world.keywords.items() if name != "bdo.person"}
    with pytest.raises(UnusableVersion, match=r"mot-clé « bdo\.person » inconnu"):
        await to_run(owner_db, replace(world, keywords=without))


async def test_the_same_version_is_not_proposed_twice_nor_a_draft(world: World, owner_db: Database) -> None:
    await publish(owner_db, world.scenario(SCENARIO))
    async with owner_db.transaction(f"agent:{PROPOSER}") as tx:
        with pytest.raises(RefusedPublication, match="déjà publiée"):
            await versions.propose(tx, world.scenario(SCENARIO), PROPOSER, "")
    change(world, "mode: live", "mode: draft")
    async with owner_db.transaction(f"agent:{PROPOSER}") as tx:
        with pytest.raises(RefusedPublication, match="brouillon"):
            await versions.propose(tx, world.scenario(SCENARIO), PROPOSER, "")


async def test_the_console_speaks_of_the_version_that_is_published_while_it_runs(
    world: World, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.bootstrap.services._FOLLOW", 0.1)
    await publish(owner_db, world.scenario(SCENARIO))
    change(world, "title: Période déjà payée", "title: Période payée par un autre")
    async with open_console(world) as app:
        shown = app.state.world.scenarios
        assert shown[SCENARIO].codes["C-09"].title == "Période déjà payée"
        await publish(owner_db, world.scenario(SCENARIO))
        async with asyncio.timeout(60):
            while shown[SCENARIO].codes["C-09"].title != "Période payée par un autre":  # noqa: ASYNC110 - a poll of ours
                await asyncio.sleep(0.05)


_RUNS = (
    "select file_name, version, (select count(*) from cases where cases.run = run.id) from run"
    " join delivery on delivery.id = run.delivery where run.scenario = 'ij-acompte' order by started_at"
)


def was_found(connection: psycopg.Connection, world: World, day: date) -> None:
    """Have another scenario of the house end a case for this one on that day."""
    run, case = add_run(connection), uuid4()
    connection.execute("update run set scenario = 'essai', run_date = %s", [day])
    key, wrapped = world.vault.new_data_key(case)
    fields = {"nir": "185026199900189", "birth_name": "Le Gall", "stop_id": "AT1", "anomaly": "TECH_FLUX"}
    payload = {"fields": {**fields, "raised_on": day.isoformat()}}
    connection.execute(
        "insert into cases (id, caisse, run, scenario, line, reference, key_digest, data_key, payload, state, ended_as)"
        " values (%s, 'cpam-931', %s, 'essai', 1, 'DOS-ESSAI', 'k', %s, %s, 'ended', 'candidate')",
        [case, run, wrapped, world.vault.seal(key, f"cases:payload:{case}", payload)],
    )


async def test_the_planner_goes_on_with_the_published_version_and_its_schedule(
    world: World, owner_db: Database, owner_url: str
) -> None:
    now = SystemClock().now().astimezone(PARIS)
    due = now - timedelta(minutes=2)
    change(world, 'at: "06:30", days: business', f'at: "{due:%H:%M}", days: all')
    change(world, "- cases: arpege-surveillance", "- cases: essai")
    first = world.scenario(SCENARIO)
    await publish(owner_db, first)
    change(world, f'at: "{due:%H:%M}", days: all', 'at: "06:30", days: [monday]')  # on disk alone
    inbox = world.settings.workspace / "inbox"
    inbox.mkdir()
    header = "N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date\r\nFIN;0\r\n"
    (inbox / "anomalies-arpege-1.csv").write_bytes(header.encode("cp1252"))
    with psycopg.connect(owner_url, options="-c search_path=glr -c glr.actor=test", autocommit=True) as connection:
        connection.execute(
            "insert into schedule_occurrence values (%s, %s, 'earlier', now() - interval '12 hours', now(), 'test')",
            [CAISSE, SCENARIO],
        )
        was_found(connection, world, due.date())
        async with open_planner(world), asyncio.timeout(20):
            while len(runs := connection.execute(_RUNS).fetchall()) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    assert runs == [("anomalies-arpege-1.csv", first.hash, 0), (f"essai, candidate, du {due:%d/%m/%Y}", first.hash, 1)]


async def test_a_published_scenario_whose_file_is_gone_is_still_in_force_and_a_trouble_is_said_once(
    world: World, owner_db: Database, orchestrator_db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await publish(owner_db, world.scenario(SCENARIO))
    scenarios = world.settings.project / "scenarios"
    shutil.copy(scenarios / "ij-acompte.yaml", scenarios / "ij-essai.yaml")  # live, and its name is wrong
    (scenarios / "ij-acompte.yaml").unlink()
    in_force = InForce(world=world, database=orchestrator_db)
    for _ in range(3):
        assert list(await in_force.to_run()) == [SCENARIO]
    assert len([record for record in caplog.records if "ij-essai" in record.getMessage()]) == 1


@pytest.mark.parametrize(("schedule", "mentioned"), [("as shipped", 1), ("none", 0)])
async def test_a_live_scenario_that_nobody_published_is_mentioned_only_when_it_would_start_by_itself(
    world: World, orchestrator_db: Database, caplog: pytest.LogCaptureFixture, schedule: str, mentioned: int
) -> None:
    if schedule == "none":
        path = world.settings.project / "scenarios" / "ij-acompte.yaml"
        path.write_text(re.sub(r"\nschedule:\n(  .*\n)+", "\n", path.read_text("utf-8")), "utf-8")
        assert world.scenario(SCENARIO).schedule == ()
    assert SCENARIO not in await InForce(world=world, database=orchestrator_db).to_run()
    said = [record.getMessage() for record in caplog.records if f"« {SCENARIO} » laissé de côté" in record.getMessage()]
    assert len(said) == mentioned


# --- the ramp --------------------------------------------------------------------------------------------------------


class Lanes:
    """Cases of one scenario, and sessions that claim them at the same time."""

    def __init__(self, owner: Database, runner: Database, vault: Vault) -> None:
        self.owner = owner
        self.runner = runner
        self.vault = vault
        self.session = uuid4()

    async def publish(self, version: str, *, ramp: str = "{}", incidents: int | None = None) -> None:
        async with self.owner.transaction("test") as tx:
            asks = {"parallel": 16, "ramp": ramp, "incidents": incidents, "outside": "[]"}
            await tx.run("versions.record", hash=version, caisse=CAISSE, name=SCENARIO, title="t", document="d", **asks)
            await publish_bare(tx, CAISSE, SCENARIO, version)

    async def next_stage(self) -> None:
        async with self.owner.transaction(f"agent:{APPROVER}") as tx:
            await versions.release_stage(tx, CAISSE, SCENARIO, APPROVER)

    async def load(self, version: str, cases: int, mode: str = "live") -> list[UUID]:
        """Load a run of this version with so many cases, and a session that can work."""
        run, made = uuid4(), []
        async with self.runner.transaction("test") as tx:
            await tx.run("runs.record_delivery", id=run, file_name="f", sha256=str(run), rows=cases, **WHERE)
            about = {"version": version, "delivery": run, "robot": "r", "mode": mode, "run_date": "2026-03-27"}
            await tx.run("runs.start", id=run, title="t", **about, **WHERE)
            await tx.run("sessions.register_runner", id=self.session, host="h", pid=1)
            await tx.connection.execute(
                "insert into robot_session (id, caisse, runner, robot, scenario) values (%s, %s, %s, 'r', %s)"
                " on conflict do nothing", [self.session, CAISSE, self.session, SCENARIO],
            )  # fmt: skip
            for line in range(2, cases + 2):
                case = uuid4()
                _, wrapped = self.vault.new_data_key(case)
                about = {"id": case, "line": line, "reference": new_reference(), "key_digest": case.bytes}
                await tx.run("cases.insert", **one_row(run=run, data_key=wrapped, **about, **WHERE))
                made.append(case)
        return made

    async def take(self, *known: str) -> Mapping[str, Any] | None:
        """Claim one case as a session that knows these versions, and begin its attempt."""
        return await claim(self.runner, "robot:r", self.session, known, **WHERE)

    async def end(self, row: Mapping[str, Any], state: str = "ended", *, incident: bool = False) -> None:
        """Settle a case in hand."""
        held = {"id": row["id"], "epoch": row["epoch"], "session": self.session}
        how = settled(state, "entered" if state == "ended" else None, actor="robot:r", incident=incident)
        assert await self.runner.once("cases.settle", **held, **how) is not None

    async def drain(self, *known: str, end: bool = True) -> Counter[str]:
        """Take all that may be taken; return how many cases were begun under each version."""
        counted: Counter[str] = Counter()
        while (row := await self.take(*known)) is not None:
            counted[row["begun_under"]] += 1
            if end:
                await self.end(row)
        return counted

    async def standing(self) -> Mapping[str, Any]:
        async with self.owner.transaction("test") as tx:
            return await tx.first("versions.current", **WHERE) or {}

    async def claimable(self) -> str | None:
        async with self.owner.transaction("test") as tx:
            return await next_turn(tx, CAISSE, SCENARIO, [])


@pytest.fixture
def lanes(owner_db: Database, orchestrator_db: Database, vault: Vault) -> Lanes:
    """Give lanes on an empty ledger."""
    return Lanes(owner_db, orchestrator_db, vault)


async def test_a_new_version_does_its_stage_and_the_one_before_does_the_rest(lanes: Lanes) -> None:
    await lanes.publish("old")
    await lanes.load("old", 3)
    assert await lanes.drain("old") == {"old": 3}
    await lanes.publish("new", ramp="{2,3}")
    await lanes.load("new", 4)
    assert await lanes.drain("old", "new") == {"new": 2, "old": 2}
    await lanes.next_stage()
    await lanes.load("new", 4)
    assert await lanes.drain("old", "new") == {"new": 3, "old": 1}
    await lanes.next_stage()
    await lanes.load("new", 4)
    assert await lanes.drain("old", "new") == {"new": 4}
    assert (await lanes.standing())["allowed"] is None


async def test_the_first_version_of_a_scenario_waits_at_its_stage(lanes: Lanes) -> None:
    await lanes.publish("first", ramp="{2}")
    await lanes.load("first", 5)
    assert await lanes.drain("first") == {"first": 2}
    assert await lanes.claimable() is None
    await lanes.next_stage()
    assert await lanes.claimable() == "first"
    assert await lanes.drain("first") == {"first": 3}


async def test_cases_that_wait_for_a_stage_hide_no_trial_behind_them(lanes: Lanes) -> None:
    await lanes.publish("trial")
    await lanes.publish("first", ramp="{0}")
    async with lanes.owner.transaction("test") as tx:
        await tx.connection.execute("update publication set previous = null where version = 'first'")
    await lanes.load("first", 2)
    assert await lanes.claimable() is None
    await lanes.load("trial", 1, mode="shadow")
    assert await lanes.claimable() == "trial"


async def test_the_ramp_is_the_version_s_and_not_the_run_s(lanes: Lanes) -> None:
    await lanes.publish("first", ramp="{3}")
    for _ in range(3):
        await lanes.load("first", 2)
    assert await lanes.drain("first") == {"first": 3}


async def test_a_case_counts_once_and_stays_with_its_version(lanes: Lanes, owner_url: str) -> None:
    await lanes.publish("old")
    await lanes.publish("new", ramp="{1}")
    await lanes.load("new", 2)
    first = await lanes.take("new", "old")
    assert first is not None
    for _ in range(3):
        await lanes.end(first, "ready")
        again = await lanes.take("new")
        assert again is not None
        assert (again["id"], again["begun_under"]) == (first["id"], "new")
        first = again
    assert (await lanes.standing())["begun"] == 1
    assert await lanes.take("new") is None
    with psycopg.connect(owner_url) as connection:
        found = connection.execute("select version, count(*) from glr.attempt group by version").fetchall()
    assert found == [("new", 4)]


async def test_sixteen_lanes_never_begin_more_than_the_stage(
    lanes: Lanes, orchestrator_url: str, owner_url: str
) -> None:
    await lanes.publish("old")
    await lanes.publish("new", ramp="{10,20}")
    await lanes.load("new", 120)
    async with Database(orchestrator_url, size=16) as many:
        lanes.runner = many
        for expected in (10, 30):
            await asyncio.gather(*(_few(lanes) for _ in range(16)))
            assert _begun(owner_url)["new"] == expected
            assert (await lanes.standing())["begun"] == expected
            await lanes.next_stage()
        await asyncio.gather(*(lanes.drain("old", "new") for _ in range(16)))
    begun = _begun(owner_url)
    assert sum(begun.values()) == 120
    assert begun["old"] == 16 * 3 * 2 - 30


async def _few(lanes: Lanes) -> None:
    for _ in range(3):
        row = await lanes.take("old", "new")
        assert row is not None
        await lanes.end(row)


def _begun(owner_url: str) -> dict[str, int]:
    with psycopg.connect(owner_url, row_factory=dict_row) as connection:
        rows = connection.execute(
            "select version, count(distinct case_id) as cases from glr.attempt group by version"
        ).fetchall()
    return {row["version"]: row["cases"] for row in rows}


async def test_the_database_itself_refuses_a_case_beyond_the_stage(lanes: Lanes) -> None:
    await lanes.publish("new", ramp="{1}")
    cases = await lanes.load("new", 2)
    forced = (
        "update cases set state = 'leased', leased_by = %s, lease_until = now() + interval '30 s', begun_under = 'new'"
        " where id = %s"
    )
    async with lanes.runner.transaction("test") as tx:
        await tx.connection.execute(forced, [lanes.session, cases[0]])
    with pytest.raises(StoreError) as refused:
        async with lanes.runner.transaction("test") as tx:
            await tx.connection.execute(forced, [lanes.session, cases[1]])
    assert refused.value.constraint == "ramp_stage"


async def test_a_version_published_again_goes_on_where_its_ramp_was(lanes: Lanes) -> None:
    await lanes.publish("old")
    await lanes.publish("new", ramp="{2}")
    await lanes.load("new", 3)
    assert await lanes.drain("old", "new") == {"new": 2, "old": 1}
    async with lanes.owner.transaction("test") as tx:
        await publish_bare(tx, CAISSE, SCENARIO, "old")
    await lanes.load("old", 2)
    assert await lanes.drain("old", "new") == {"old": 2}
    async with lanes.owner.transaction("test") as tx:
        await publish_bare(tx, CAISSE, SCENARIO, "new")
    now = await lanes.standing()
    assert (now["begun"], now["allowed"], now["previous"]) == (2, 2, "old")


async def test_a_run_in_shadow_keeps_its_own_version_and_counts_for_no_ramp(lanes: Lanes) -> None:
    await lanes.publish("new", ramp="{1}")
    async with lanes.owner.transaction("test") as tx:
        await tx.run("versions.record", hash="trial", caisse=CAISSE, name=SCENARIO, title="t", document="d",
                     parallel=1, ramp="{}", incidents=None, outside="[]")  # fmt: skip
    await lanes.load("trial", 3, mode="shadow")
    assert await lanes.drain("new", "trial") == {"trial": 3}
    assert (await lanes.standing())["begun"] == 0


async def test_nothing_live_is_claimed_without_a_publication(lanes: Lanes) -> None:
    async with lanes.owner.transaction("test") as tx:
        await tx.run("versions.record", hash="loose", caisse=CAISSE, name=SCENARIO, title="t", document="d",
                     parallel=1, ramp="{}", incidents=None, outside="[]")  # fmt: skip
    await lanes.load("loose", 1)
    assert await lanes.take("loose") is None


# --- incidents -------------------------------------------------------------------------------------------------------


async def test_too_many_incidents_stop_the_scenario_until_a_person_resumes_it(lanes: Lanes, owner_url: str) -> None:
    await lanes.publish("v", incidents=20)
    await lanes.load("v", 60)
    for number in range(9):
        row = await lanes.take("v")
        assert row is not None
        await lanes.end(row, incident=number < 3)
    held = [await lanes.take("v") for _ in range(2)]
    assert held[0] is not None
    await lanes.end(held[0], incident=True)  # the tenth: 4 of 10
    assert await lanes.take("v") is None
    assert await lanes.claimable() is None
    assert held[1] is not None
    await lanes.end(held[1])  # what was in hand ends
    async with lanes.owner.transaction("agent:s.noir") as tx:
        (stop,) = await tx.all("versions.stopped_scenarios", caisse=CAISSE)
        assert stop["reason"] == "4 incidents applicatifs sur les 10 dernières tentatives (20 % permis)"
        assert await tx.run("versions.release_scenario", login="s.noir", **WHERE) == 1
    row = await lanes.take("v")
    assert row is not None
    await lanes.end(row, incident=True)  # what was looked at does not count again
    assert await lanes.claimable() == "v"
    with psycopg.connect(owner_url) as connection:
        found = connection.execute(
            "select actor, verb from glr.audit_outbox where verb like 'scenario.%' order by id"
        ).fetchall()
    assert found == [("robot:r", "scenario.stopped"), ("agent:s.noir", "scenario.released")]


@pytest.mark.parametrize(("share", "stopped"), [(20, False), (19, True), (None, False)])
async def test_the_scenario_stops_beyond_the_share_and_not_at_it(
    lanes: Lanes, share: int | None, *, stopped: bool
) -> None:
    await lanes.publish("v", incidents=share)
    await lanes.load("v", 11)
    for number in range(10):
        row = await lanes.take("v")
        assert row is not None
        await lanes.end(row, incident=number in {3, 9})
    assert (await lanes.claimable() is None) is stopped


async def test_many_lanes_stop_together_with_one_stop(lanes: Lanes, orchestrator_url: str, owner_url: str) -> None:
    await lanes.publish("v", incidents=20)
    await lanes.load("v", 200)
    async with Database(orchestrator_url, size=16) as many:
        lanes.runner = many
        await asyncio.gather(*(_failing(lanes) for _ in range(16)))
    begun = _begun(owner_url)["v"]
    assert 10 <= begun <= 10 + 2 * 16
    async with lanes.owner.transaction("test") as tx:
        assert len(await tx.all("versions.stopped_scenarios", caisse=CAISSE)) == 1


async def _failing(lanes: Lanes) -> None:
    while (row := await lanes.take("v")) is not None:
        await lanes.end(row, incident=True)


def test_an_array_is_written_as_postgresql_reads_it() -> None:
    assert (array([]), array([1, 2]), array(["a"])) == ("{}", "{1,2}", "{a}")
