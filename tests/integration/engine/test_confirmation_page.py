"""An act whose application asks once more, on a page of its own address or at that of the form (ADR 20)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from kept_desk import KeptDesk
from robot_world import PracticeWorld, RobotWorld, Row, robot_world
from second_release import adopted, install
from witnessed import work

from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.act_count import ActsSeen
from orchestrator.drivers.canary import walk
from orchestrator.drivers.contracts import ApplicationContract, RequestContract, load_contract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.witness import load_witnesses
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

BOTH = pytest.mark.parametrize("release", ["2", "2.1"])


#: Contracts of second releases by application and release: adopted once, test_second_release sees how.
_ADOPTED: dict[tuple[str, str], ApplicationContract] = {}


@pytest.fixture
def release() -> str:
    """The release of COMPTA; 2.1 asks at the address of the form."""
    return "2"


@pytest.fixture
async def world(
    release: str, practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """A robot that has adopted the second releases."""
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        install(practice_world.practice, arpege="2", compta=release)
        try:
            browser = opened.bench.desks["compta"].browser
            desks = dict(opened.bench.desks)
            for name, installed in (("arpege", "2"), ("compta", release)):
                if (name, installed) not in _ADOPTED:
                    _ADOPTED[name, installed] = await adopted(
                        browser, practice_world, tmp_path / "own", name, installed
                    )
                desks[name] = KeptDesk(browser, _ADOPTED[name, installed], practice_world.accounts[name])
            opened.bench = replace(opened.bench, desks=desks)
            yield opened
        finally:
            install(practice_world.practice)


def contract_of(world: RobotWorld) -> ApplicationContract:
    contract = world.bench.desks["compta"].contract
    assert isinstance(contract, ApplicationContract)
    return contract


async def worked(world: RobotWorld, row: Row) -> tuple[RowOutcome, list[int]]:
    loaded = await world.deliver(row)
    await world.work()
    return (await world.only(loaded.run)).outcome, [line["amount_c"] for line in world.world.lines_of(row.stop)]


@BOTH
async def test_cases_are_entered_once_through_the_page_that_asks(world: RobotWorld) -> None:
    witnesses = load_witnesses(world.folder / "own" / "canary.json")
    before = len(world.world.practice.proposals())
    for name, unseen in (("arpege", ()), ("compta", ("confirmation",))):
        found = await walk(world.bench.desks[name], witnesses[name])
        assert (found.differences, found.unseen) == ((), unseen)
        assert world.bench.desks[name].acts.now == ActsSeen()  # no act left, none was even asked for
    assert len(world.world.practice.proposals()) == before
    row = world.world.take("entered")
    assert await worked(world, row) == (RowOutcome.ENTERED, [row.amount_c])
    loaded = await world.deliver(row, other := world.world.take("entered"))  # the first is looked up in the new release
    assert await work(world, witnesses) == "nothing ready"  # walked first, as a session does
    outcomes = [result.outcome for result in await world.results(loaded.run)]
    assert outcomes == [RowOutcome.ALREADY_DONE, RowOutcome.ENTERED]
    async with world.bench.database.transaction("test") as tx:
        known = await tx.all("sessions.known_applications", caisse="cpam-931")
    said = {row["application"]: row["unseen"] for row in known}
    assert {name: said[name] for name in ("arpege", "compta")} == {"arpege": [], "compta": ["confirmation"]}
    assert (len(world.world.lines_of(row.stop)), len(world.world.lines_of(other.stop))) == (1, 1)


@BOTH
async def test_an_answer_lost_after_the_confirmation_is_a_doubt_and_nothing_is_entered_twice(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    # at the address of the form the first request is no act: it passes, and the second one is lost
    world.world.fault({"on": "POST /avances", "stop": row.stop, "fault": "drop"})
    outcome, amounts = await worked(world, row)
    assert (outcome, amounts) == (RowOutcome.ENTERED, [row.amount_c])  # a later look shows ours (ADR 28)
    async with owner_db.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select count(*) as doubts from audit_outbox where verb = 'entry.doubtful'"
        )
        assert await cursor.fetchall() == [{"doubts": 1}]


@pytest.mark.parametrize(
    ("release", "kind", "said"),
    [
        ("2", "confirm.other_sent", "la page n'envoie pas ce qui a été tapé"),
        ("2.1", "confirm.one_to_fill", "champ à remplir « canal »"),
        ("2", "confirmation_page", "le formulaire est envoyé à « /avances/confirmation"),
        ("2.1", "banner", ""),
    ],
)
async def test_what_the_page_would_send_is_compared_before_it_is_confirmed(
    world: RobotWorld, owner_db: Database, kind: str, said: str
) -> None:
    row, other = world.world.take("entered"), world.world.take("entered")
    changed = {"compta": {"screen": "confirmation", "kind": kind, "seed": 1}}
    (world.world.practice.folder / "mutations.json").write_text(json.dumps(changed))
    try:
        loaded = await world.deliver(row, other)
        ended = await world.work()
    finally:
        (world.world.practice.folder / "mutations.json").write_text("{}")
    outcomes = [result.outcome for result in await world.results(loaded.run)]
    made = [line["amount_c"] for each in (row, other) for line in world.world.lines_of(each.stop)]
    async with owner_db.transaction("test") as tx:
        told = [
            each["said"] for each in await tx.all("console.screen_differences", caisse="cpam-931", application="compta")
        ]
        cursor = await tx.connection.execute("select state::text as state from entry")
        entries = [each["state"] for each in await cursor.fetchall()]
    if not said:
        assert (outcomes, made) == ([RowOutcome.ENTERED] * 2, [row.amount_c, other.amount_c])
        return
    assert (ended, made, entries) == ("application stopped", [], ["doubtful"])  # one doubt, not two
    assert [said in each for each in told] == [True]


async def test_a_page_that_shows_another_value_is_not_confirmed(world: RobotWorld) -> None:
    row = world.world.take("entered")
    contract = contract_of(world)
    screen = contract.screens["confirmation"]
    swapped = {**screen.fields, "start": screen.fields["end"], "end": screen.fields["start"]}
    screens = {**contract.screens, "confirmation": screen.model_copy(update={"fields": swapped})}
    desk = WebDesk(
        world.bench.desks["compta"].browser,
        contract.model_copy(update={"screens": screens}),
        world.world.accounts["compta"],
    )
    world.bench = replace(world.bench, desks={**world.bench.desks, "compta": desk})
    assert await worked(world, row) == (RowOutcome.EXCEPTION, [])


async def test_a_refusal_of_the_values_comes_before_the_page(world: RobotWorld) -> None:
    row = world.world.take("entered")
    contract = contract_of(world)
    proposal = contract.screens["proposal"]
    french = {**proposal.fields, "amount": proposal.fields["amount"].model_copy(update={"format": "euros"})}
    screens = {**contract.screens, "proposal": proposal.model_copy(update={"fields": french})}
    desk = WebDesk(
        world.bench.desks["compta"].browser,
        contract.model_copy(update={"screens": screens}),
        world.world.accounts["compta"],
    )
    world.bench = replace(world.bench, desks={**world.bench.desks, "compta": desk})
    loaded = await world.deliver(row)
    await world.work()
    result = await world.only(loaded.run)
    assert (result.outcome, result.codes) == (RowOutcome.EXCEPTION, ("SAISIE",))
    assert world.world.lines_of(row.stop) == []


async def test_a_form_that_is_sent_to_another_address_than_the_act_says_is_never_clicked(world: RobotWorld) -> None:
    row = world.world.take("entered")
    contract = contract_of(world)
    act = contract.acts["propose_advance"]
    wrong = act.model_copy(update={"request": RequestContract(path="/avances/autre")})
    desk = WebDesk(
        world.bench.desks["compta"].browser,
        contract.model_copy(update={"acts": {"propose_advance": wrong}}),
        world.world.accounts["compta"],
    )
    world.bench = replace(world.bench, desks={**world.bench.desks, "compta": desk})
    loaded = await world.deliver(row)
    assert await world.work() == "application stopped"
    assert (await world.only(loaded.run)).outcome is RowOutcome.RUNNING
    assert world.world.lines_of(row.stop) == []


def test_a_page_that_leaves_out_what_was_typed_must_say_so(tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[3] / "keywords" / "compta"
    (tmp_path / "screens.here.yaml").write_text(
        """
screens:
  confirmation: {title: COMPTA - Confirmation, fields: {nir: {at: "#lu_nir", format: nir}}}
acts:
  propose_advance:
    confirmation: {screen: confirmation, element: "#ok", dialog: none, request: {path: /avances}, not_shown: [reason, token]}
""",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match="ne dit pas où elle montre amount, end, start, stop_id"):
        load_contract(folder / "screens.yaml", caisse="here", local=tmp_path)
