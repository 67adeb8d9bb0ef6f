"""A release of COMPTA that changes its form is noticed before anything is filled; what changes nothing stops nobody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from robot_world import PracticeWorld, RobotWorld, robot_world

from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import ReleaseChanged, ScreenChanged
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.kept import not_kept
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.mutations.plan import FORM

SEEDS = range(6)
HARMLESS = ("css", "banner")


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened
        release(opened)


def release(world: RobotWorld, kind: str | None = None, seed: int = 0) -> None:
    """Have COMPTA serve its form as that mutation leaves it; none is the release we know."""
    asked = {"compta": {"screen": "nouvelle-avance", "kind": kind, "seed": seed}} if kind else {}
    (world.world.practice.folder / "mutations.json").write_text(json.dumps(asked))


def values() -> dict[str, Any]:
    return {
        "nir": Nir("185026109999988"),
        "stop_id": "ARR-0000",
        "start": date_of("2026-03-05"),
        "end": date_of("2026-03-20"),
        "amount": Euros(100),
        "reason": "essai",
        "token": "T",
    }


@pytest.mark.parametrize("kind", FORM)
async def test_what_would_alter_an_entry_is_refused_and_no_filled_form_is_left(world: RobotWorld, kind: str) -> None:
    for seed in SEEDS:
        release(world, kind, seed)
        with pytest.raises((ReleaseChanged, ScreenChanged)):
            await world.bench.desks["compta"].prepare("propose_advance", **values())
        desk = world.bench.desks["compta"]
        assert isinstance(desk, WebDesk)
        page = desk.page
        filled = "document.forms[0] ? [...document.forms[0].elements].map((e) => e.value).join(' ') : ''"
        assert page is None or "185026109999988" not in str(await page.evaluate(filled))


AUTOSAVE = """<title>COMPTA - Nouvelle avance</title><form><input id="montant" onchange="
  this.value = this.value.replace(',', '.'); save()"><input id="du" onchange="save()"></form><script>
  const save = () => fetch("/brouillon", {method: "POST", keepalive: true, body: "x"}).catch(() => {});
  addEventListener("pagehide", () => navigator.sendBeacon("/brouillon", "y"));
</script>"""


class _Application(BaseHTTPRequestHandler):
    """A form that saves by itself what is typed."""

    saved: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(AUTOSAVE.encode())

    def do_POST(self) -> None:
        self.saved.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def test_typing_to_see_what_is_kept_sends_nothing_even_where_a_form_saves_by_itself(world: RobotWorld) -> None:
    desk = world.bench.desks["compta"]
    assert isinstance(desk, WebDesk)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Application)
    Thread(target=server.serve_forever, daemon=True).start()
    context = await desk.browser.new_context()
    try:
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{server.server_port}/")
        assert await not_kept(context, page, desk.contract, "proposal") == ("amount",)
        other = await context.new_page()
        await other.goto(f"http://127.0.0.1:{server.server_port}/")  # the network is back, nothing was kept for it
        assert _Application.saved == []
        await other.evaluate("save()")
        assert _Application.saved == ["/brouillon"]
    finally:
        await context.close()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("kind", HARMLESS)
async def test_what_changes_nothing_for_a_robot_raises_no_alarm(world: RobotWorld, kind: str) -> None:
    for seed in SEEDS:
        release(world, kind, seed)
        assert (await world.bench.desks["compta"].prepare("propose_advance", **values())).screen == "proposal"


async def test_a_changed_form_closes_the_application_and_every_case_waits_for_it(
    world: RobotWorld, owner_db: Database
) -> None:
    rows = [world.world.take("entered"), world.world.take("entered")]
    loaded = await world.deliver(*rows)
    release(world, "swap_labels", 3)
    assert await world.work() == "application stopped"
    assert [result.outcome for result in await world.results(loaded.run)] == [RowOutcome.RUNNING] * 2
    async with world.loader.database.transaction("test") as tx:
        (stopped,) = await tx.all("sessions.stopped_applications", caisse="cpam-931")
    assert stopped["application"] == "compta"
    assert "Montant" not in stopped["reason"]  # counted, not quoted: the differences are kept beside it
    async with owner_db.transaction("test") as tx:
        told = await tx.all("console.screen_differences", caisse="cpam-931", application="compta")
    assert "libellé : « Référence arrêt » → « Montant »" in told[0]["said"]
    assert {row["screen"] for row in told} == {"proposal"}
    assert [world.world.lines_of(row.stop) for row in rows] == [[], []]

    release(world)
    async with owner_db.transaction("test") as tx:
        await tx.run("sessions.reopen_application", caisse="cpam-931", application="compta")
    assert await world.work() == "nothing ready"
    assert [result.outcome for result in await world.results(loaded.run)] == [RowOutcome.ENTERED] * 2
    assert [len(world.world.lines_of(row.stop)) for row in rows] == [1, 1]
