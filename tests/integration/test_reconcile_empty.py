"""A day without entries is reconciled as any other: an empty list of COMPTA is an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from one_browser import a_browser
from robot_world import PROJECT, PracticeWorld, desks

from orchestrator.bootstrap.reconciliation import reconcile_scenario
from orchestrator.bootstrap.world import World, load_keywords
from orchestrator.domain.money import Euros
from orchestrator.engine.reconcile import Reconciliation
from orchestrator.settings import Settings
from orchestrator.store.vault import Vault

#: Nobody entered anything then.
SUNDAY = date(2025, 1, 5)


@pytest.fixture
def world(practice_world: PracticeWorld, role_url: Mapping[str, str], vault: Vault, tmp_path: Path) -> World:
    practice_world.fault()
    settings = Settings(workspace=tmp_path, home=PROJECT)
    found = World(settings=settings, urls=role_url, vault=vault, keywords=load_keywords(settings))
    accounts = {
        name: {"address": one.address, "login": one.login, "password": one.password.reveal()}
        for name, one in practice_world.accounts.items()
    }
    settings.secrets.mkdir(mode=0o700)
    path = settings.secrets / found.robot("acompte-ij").accounts
    path.touch(mode=0o600)
    path.write_text(json.dumps(accounts), encoding="utf-8")
    return found


async def test_a_day_without_entries_matches_nothing_and_misses_nothing(world: World) -> None:
    part = await reconcile_scenario(world, "ij-acompte", SUNDAY, SUNDAY)
    assert part is not None
    assert (part.found, part.unexplained) == (Reconciliation(), 0)
    assert part.found.total == Euros(0)


@pytest.mark.parametrize("way", ["page", "request"])
async def test_an_empty_list_is_read_the_same_in_a_page_and_through_a_request(
    practice_world: PracticeWorld, world: World, way: str
) -> None:
    async with a_browser() as browser:
        desk = desks(browser, practice_world)["compta"]
        if way == "page":
            desk._plain = None
        made_by = world.keywords["compta.made_by"].function
        assert await made_by(desk, author=desk.account.login, start=SUNDAY, end=SUNDAY) == []
