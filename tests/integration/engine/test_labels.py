"""Labels: a runner takes the tickets that it may host, and cases that no living runner may host are told of."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from console_world import CAISSE, Seed
from robot_world import PROJECT

from orchestrator.bootstrap.labels import keep_labels
from orchestrator.bootstrap.watch import Watch
from orchestrator.bootstrap.world import World
from orchestrator.cli import commands
from orchestrator.cli.status import show_standing
from orchestrator.domain.errors import GlrError
from orchestrator.engine.runner import Runner
from orchestrator.engine.tickets import ticket_queue, want_sessions
from orchestrator.language.robots import load_robot
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

ROBOT = "Robot acompte-ij (CPAM 931)"
SAID = "ij-acompte : 2 dossiers attendent un poste qui ait les étiquettes siege, web ; aucun poste vivant ne les a."
#: Stands for a session: says that it was started, and ends.
STARTED = "import sys; open(sys.argv[1], 'a').write('.')"


#: Stands for a session that needs a while for the case in hand when it is asked to stop.
BUSY = (
    f"import signal, sys, time; signal.signal(15, lambda *_: (time.sleep(2.5), sys.exit())); {STARTED}; time.sleep(60)"
)


@asynccontextmanager
async def runner_of(
    url: str, labels: Sequence[str], mark: Path, session: str = STARTED
) -> AsyncIterator[asyncio.Event]:
    """Let a runner of these labels live, until it is asked to stop."""
    stopping = asyncio.Event()
    command = [sys.executable, "-I", "-c", session, str(mark)]
    runner = Runner(conninfo=url, session_command=command, environment={}, sessions=2, labels=labels)
    running = asyncio.create_task(runner.run(stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        await running


async def count(owner: Database, what: str) -> int:
    async with owner.transaction("test") as tx:
        row = await (await tx.connection.execute(f"select count(*) as n from {what}".encode())).fetchone()
    return int(row["n"]) if row else 0


@pytest.fixture
def world(tmp_path: Path, orchestrator_url: str, vault: Vault) -> World:
    home = tmp_path / "home"
    declared = (PROJECT / "robots" / "acompte-ij" / "robot.yaml").read_text("utf-8")
    (home / "robots" / "acompte-ij").mkdir(parents=True)
    said = declared.replace("robot: acompte-ij\n", f"robot: {ROBOT}\nruns_on: [web, siege]\n")
    (home / "robots" / "acompte-ij" / "robot.yaml").write_text(said, "utf-8")
    settings = Settings(workspace=tmp_path, home=home, caisse=CAISSE)
    return World(settings=settings, urls={"glr_orchestrator": orchestrator_url}, vault=vault, keywords={})


async def test_a_ticket_waits_for_a_runner_with_its_labels_and_people_are_told_meanwhile(
    world: World,
    seed: Seed,
    owner_db: Database,
    orchestrator_db: Database,
    runner_url: str,
    visit: Any,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    await seed.case()
    await seed.case()
    watch, mark = Watch.of(world, orchestrator_db), tmp_path / "started"
    await keep_labels(world, orchestrator_db)
    async with runner_of(runner_url, ["web"], mark):
        for _ in range(300):  # its sweep makes the tickets that are wanted
            if await count(owner_db, "queue.procrastinate_jobs"):
                break
            await asyncio.sleep(0.1)
        tickets = await count(owner_db, "queue.procrastinate_jobs")
        await asyncio.sleep(2.5)  # another sweep; the queue is asked each second
        assert not mark.exists()
        assert await count(owner_db, "queue.procrastinate_jobs where status = 'todo'") == tickets > 0
        await watch.labels()
        assert await count(owner_db, "alert") == 0  # perhaps a runner that starts again
        await watch.labels()
        await watch.labels()
        assert await count(owner_db, "alert where kind = 'unhosted' and object = 'ij-acompte'") == 1
        async with orchestrator_db.transaction("test") as tx:
            (row,) = await tx.all("sessions.unhosted", caisse=CAISSE)
        assert row == {"scenario": "ij-acompte", "labels": ["siege", "web"], "cases": 2}
        supervisor = await visit("s.noir")
        for page in ("/executions", "/applications"):
            assert SAID in (await supervisor.get(page)).text
        async with owner_db.transaction("cli") as tx:
            await show_standing(tx, CAISSE, [])
        assert SAID in capsys.readouterr().out
    async with runner_of(runner_url, ["autre", "siege", "web"], mark):
        for _ in range(300):
            if mark.exists():
                break
            await asyncio.sleep(0.1)
        assert mark.exists()
        async with orchestrator_db.transaction("test") as tx:
            assert await tx.all("sessions.unhosted", caisse=CAISSE) == []


async def test_a_runner_that_is_asked_to_stop_takes_no_more_and_is_seen_until_its_sessions_have_finished(
    seed: Seed, owner_db: Database, orchestrator_db: Database, runner_url: str, orchestrator_url: str, tmp_path: Path
) -> None:
    await seed.case()
    mark = tmp_path / "started"
    async with runner_of(runner_url, [], mark, BUSY) as stopping:
        for _ in range(300):
            if mark.exists():
                break
            await asyncio.sleep(0.1)
        stopping.set()
        queue = ticket_queue(orchestrator_url, size=1)
        async with queue.open_async(), orchestrator_db.transaction("test") as tx:
            await want_sessions(queue, tx.connection, CAISSE, "ij-acompte", 2)
        await asyncio.sleep(1.5)
        seen = "runner where leaving_at is not null and stopped_at is null and last_seen > now() - interval '5 seconds'"
        assert await count(owner_db, seen) == 1
    assert mark.read_text() == "."
    assert await count(owner_db, "queue.procrastinate_jobs where status = 'todo'") == 2
    assert await count(owner_db, "runner where stopped_at is not null") == 1


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("[siege, Paris 3]", "2:18: « Paris 3 » n'est pas une étiquette. Attendu : 1 à 31 minuscules"),
        ("[siege, siege]", "2:18: l'étiquette « siege » est deux fois. L'enlever ici."),
        ("[12]", "2:11: « 12 » n'est pas une étiquette"),
        ("siege", "2:10: une liste d'étiquettes est attendue. Écrire « runs_on: [siege] »."),
    ],
)
def test_a_wrong_label_is_refused_with_its_place(tmp_path: Path, said: str, place: str) -> None:
    path = tmp_path / "acompte-ij" / "robot.yaml"
    path.parent.mkdir()
    declared = (PROJECT / "robots" / "acompte-ij" / "robot.yaml").read_text("utf-8").split("\n", 1)[1]
    path.write_text(f"# un robot\nruns_on: {said}\n{declared}", "utf-8")
    with pytest.raises(GlrError) as refused:
        load_robot(path)
    assert f"robots/acompte-ij/robot.yaml:{place}" in str(refused.value)


def test_a_runner_refuses_labels_that_are_none() -> None:
    done = CliRunner().invoke(commands, ["runner", "--labels", "siege,Été"])
    assert done.exit_code == 2
    assert "étiquette « Été » : 1 à 31 minuscules sans accent" in done.output
