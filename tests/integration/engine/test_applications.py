"""What robots may do in an application, on all machines together: seats, hours, and the breaker that tries with one case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Any

import pytest
from entry_lanes import LANES, EntryLanes, Lane, limits
from robot_world import PROJECT

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.civil import PARIS
from orchestrator.domain.errors import LoginRefused, ReleaseChanged, RobotsStopped, SettingsError
from orchestrator.domain.money import Euros
from orchestrator.engine import applications, stops
from orchestrator.engine.applications import Hours
from orchestrator.engine.canary import Found, close_application
from orchestrator.engine.logins import LoginTurn
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database, StoreError
from orchestrator.store.vault import Vault

CAISSE, TEN = "cpam-931", Euros(1_000)
COMPTA = "{bdo,compta}"


@pytest.fixture
async def lanes(runner_url: str, vault: Vault) -> AsyncIterator[EntryLanes]:
    keywords = load_keywords(Settings(home=PROJECT))
    scenario = load_scenario(PROJECT / "scenarios" / "ij-acompte.yaml", keywords=keywords, caisse=CAISSE)
    async with Database(runner_url, size=LANES) as database:
        lanes = EntryLanes(replace(scenario, limits=limits()), database, vault)
        await lanes.publish(runner_url)
        yield lanes


async def settle(console: Database, application: str = "compta", **changes: Any) -> None:
    async with console.transaction("agent:s.noir") as tx:
        await applications.change(tx, CAISSE, application, "s.noir", changes)


async def standing(owner: Database, application: str = "compta") -> dict[str, Any]:
    async with owner.transaction("test") as tx:
        rows = await tx.all("sessions.known_applications", caisse=CAISSE)
    return next(row for row in rows if row["application"] == application)


async def execute(owner: Database, text: str) -> list[dict[str, Any]]:
    async with owner.transaction("test") as tx:
        done = await tx.connection.execute(text.encode())
        return await done.fetchall() if done.description else []


async def tickets(lanes: EntryLanes, runner_url: str, owner: Database) -> int:
    """Sweep, and return how many sessions are wanted since."""
    queue = ticket_queue(runner_url, size=1)
    async with queue.open_async():
        await sweep(lanes.database, queue)
    (found,) = await execute(owner, "select count(*) n from queue.procrastinate_jobs where status = 'todo'")
    await execute(owner, "update queue.procrastinate_jobs set status = 'failed' where status = 'todo'")
    return int(found["n"])


# --- seats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["sessions", "per_account"])
async def test_sixteen_sessions_that_begin_at_once_take_the_seats_there_are_and_no_other(
    lanes: EntryLanes, console_db: Database, owner_db: Database, runner_url: str, what: str
) -> None:
    await lanes.load(40)
    await settle(console_db, "compta", **{what: 5})
    begun = await asyncio.gather(*(lanes.lane(number) for number in range(LANES)))
    seated = [lane for lane in begun if lane.full_up is None]
    assert len(seated) == 5
    assert {lane.full_up for lane in begun} == {None, "compta"}
    for lane in begun:
        if lane.full_up:
            await lane.leave()
    other = await lanes.lane(robot="another")
    assert (other.full_up is None) == (what == "per_account")
    await other.leave()
    assert await tickets(lanes, runner_url, owner_db) == 5  # the scenario may have five, and none has a ticket
    await seated[0].leave()
    assert (await lanes.lane()).full_up is None
    assert (await standing(owner_db))["working"] == 5


async def test_the_youngest_leave_when_there_are_fewer_seats_than_before(
    lanes: EntryLanes, console_db: Database
) -> None:
    await lanes.load(1)
    begun = [await lanes.lane() for _ in range(3)]
    await settle(console_db, sessions=2)

    async def crowded(lane: Lane) -> bool:
        async with lanes.database.transaction("test") as tx:
            return bool((await tx.first("sessions.crowded", session=lane.session) or {})["crowded"])

    assert [await crowded(lane) for lane in begun] == [False, False, True]


async def test_a_session_without_a_sign_of_life_loses_its_seat_and_takes_no_case_any_more(
    lanes: EntryLanes, console_db: Database, owner_db: Database, runner_url: str
) -> None:
    await lanes.load(3)
    await settle(console_db, sessions=1)
    frozen = await lanes.lane()
    assert (await lanes.lane()).full_up == "compta"
    await execute(owner_db, "update robot_session set last_seen = now() - interval '31 seconds'")
    assert await tickets(lanes, runner_url, owner_db) == 1
    assert (await lanes.lane()).full_up is None
    assert await frozen.take() is None


# --- hours -----------------------------------------------------------------------------------------------------------


async def test_out_of_hours_no_case_is_taken_no_session_begun_and_no_act_made(
    lanes: EntryLanes, console_db: Database, owner_db: Database, runner_url: str
) -> None:
    await lanes.load(2)
    lane = await lanes.lane()
    case = await lane.take()
    assert case is not None
    entry = await lane.plan(case)
    today = datetime.now(PARIS).isoweekday()
    others = tuple(day for day in range(1, 8) if day not in {today, today % 7 + 1})  # this test may end after midnight
    await settle(console_db, hours=Hours(days=others, opens=time(0), closes=time(23, 59), zone="Europe/Paris"))
    assert (await standing(owner_db))["out_of_hours"]
    with pytest.raises(RobotsStopped):
        await lane.intend(case, entry, TEN)
    assert await lane.take() is None
    assert await tickets(lanes, runner_url, owner_db) == 0
    await settle(console_db, hours=None)
    await lane.intend(case, entry, TEN)
    assert await tickets(lanes, runner_url, owner_db) == 1


async def test_hours_are_civil_time_of_their_zone(owner_db: Database) -> None:
    expected = {
        "2026-03-27T05:59:59+00:00": False,  # Friday, 06:59 in Paris: winter
        "2026-03-27T06:00:00+00:00": True,
        "2026-03-30T05:00:00+00:00": True,  # Monday, 07:00 in Paris: summer since the day before
        "2026-03-30T17:30:00+00:00": False,  # 19:30 is no longer within
        "2026-03-28T10:00:00+00:00": False,  # a Saturday
        "2026-10-26T06:00:00+00:00": True,  # Monday, 07:00 in Paris: winter again
        "2026-10-26T05:30:00+00:00": False,
    }
    hours = Hours.parse("lun-ven 07:00-19:30 Europe/Paris")
    assert hours is not None
    asked = """select instant, within_hours(instant::timestamptz, %s, %s, %s, %s) as within
               from unnest(%s::text[]) as instant"""
    given = [hours.zone, list(hours.days), hours.opens, hours.closes, list(expected)]
    async with owner_db.transaction("test") as tx:
        found = await (await tx.connection.execute(asked, given)).fetchall()
    assert {row["instant"]: row["within"] for row in found} == expected


@pytest.mark.parametrize(
    "text",
    [
        "lun-ven", "lundi 07:00-19:30 Europe/Paris", "ven-lun 07:00-19:30 Europe/Paris", "lun 19:00-07:00 Europe/Paris",
        "lun 07:00-25:00 Europe/Paris", "lun-ven 07:00-19:30", "lun-ven 07:00-19:30 Europe/Atlantide",
    ],
)  # fmt: skip
def test_hours_that_cannot_be_read_say_what_is_expected(text: str) -> None:
    with pytest.raises(SettingsError, match="lun-ven 07:00-19:30 Europe/Paris"):
        Hours.parse(text)


def test_hours_are_written_as_they_are_read() -> None:
    for text in (
        "lun-ven 07:00-19:30 Europe/Paris",
        "lun,mer 08:00-12:00 Indian/Reunion",
        "sam 08:00-12:00 Europe/Paris",
    ):
        assert applications.hours_of(vars(Hours.parse(text))) == text


# --- an interval between acts ---------------------------------------------------------------------------------------


async def test_lanes_on_all_machines_keep_the_interval_between_their_intents(
    lanes: EntryLanes, console_db: Database, owner_db: Database
) -> None:
    await lanes.load(6)
    begun = [await lanes.lane(number) for number in range(6)]
    await settle(console_db, sessions=6, act_every=0.2)
    assert all(await asyncio.gather(*(lane.work(TEN) for lane in begun)))
    rows = await execute(owner_db, "select intent_at from entry_attempt order by intent_at")
    gaps = [(later["intent_at"] - first["intent_at"]).total_seconds() for first, later in pairwise(rows)]
    assert len(gaps) == 5
    assert min(gaps) > 0.15  # of transactions' beginnings: the database compares instants within them


async def test_the_database_refuses_an_intent_that_follows_another_too_soon(
    lanes: EntryLanes, console_db: Database
) -> None:
    await lanes.load(2)
    first, second = await lanes.lane(), await lanes.lane(1)
    await settle(console_db, sessions=2, act_every=60)
    case, other = await first.take(), await second.take()
    assert case is not None
    assert other is not None
    await first.intend(case, await first.plan(case), TEN)
    entry = await second.plan(other)
    with pytest.raises(StoreError) as refused:
        async with lanes.database.transaction("robot:r") as tx:
            await tx.run("entries.intend", id=entry.id, amount_c=1, counted="{}")
    assert refused.value.state == "GL011"


async def test_an_interval_that_lanes_could_not_wait_for_is_refused(lanes: EntryLanes, console_db: Database) -> None:
    for sessions in (None, 25):
        with pytest.raises(SettingsError, match="120 s"):
            await settle(console_db, sessions=sessions, act_every=5)
    await settle(console_db, sessions=24, act_every=5)
    await settle(console_db, sessions=40, act_every=None)


# --- logins ----------------------------------------------------------------------------------------------------------


async def test_one_session_tries_an_account_and_a_refusal_stops_the_others_before_they_type_a_password(
    lanes: EntryLanes, console_db: Database
) -> None:
    await lanes.load(1)
    begun = [await lanes.lane(number) for number in range(LANES)]
    turns = [LoginTurn(database=lanes.database, session=lane.session, application="compta") for lane in begun]
    typed: list[LoginTurn] = []

    async def log_in(turn: LoginTurn, *, refused: bool) -> None:
        await turn.ask()
        typed.append(turn)
        await asyncio.sleep(0.05)
        if refused:
            async with lanes.database.transaction("robot:r") as tx:
                await close_application(tx, CAISSE, Found.of(LoginRefused("compta", "mot de passe expiré")))
        else:
            await turn.passed()

    ended = await asyncio.gather(*(log_in(turn, refused=True) for turn in turns), return_exceptions=True)
    assert (len(typed), [type(end) for end in ended].count(RobotsStopped)) == (1, LANES - 1)
    async with console_db.transaction("agent:s.noir") as tx:
        assert await stops.resume_application(tx, CAISSE, "compta")
    await begun[turns.index(typed.pop())].leave()  # its session has ended: another tries, then all the rest
    await asyncio.gather(*(log_in(turn, refused=False) for turn in turns), return_exceptions=True)
    assert len(typed) == LANES - 1


# --- the breaker -----------------------------------------------------------------------------------------------------


async def fail(lane: Lane, count: int, application: str = "compta") -> None:
    for _ in range(count):
        case = await lane.take()
        assert case is not None
        await lane.end(case, "ready", failed=application, touched=COMPTA)


async def opened(lanes: EntryLanes, console_db: Database, owner: Database) -> Lane:
    """Open the breaker of COMPTA by three incidents in a row; its time to try again has come."""
    await settle(console_db, incidents=3)
    lane = await lanes.lane()
    await fail(lane, 3)
    assert await lane.take() is None
    await execute(owner, "update application_stop set retry_at = now() - interval '1 second'")
    return lane


async def test_incidents_in_a_row_close_the_application_and_a_success_between_them_does_not(
    lanes: EntryLanes, console_db: Database, owner_db: Database, runner_url: str
) -> None:
    await lanes.load(20)
    await settle(console_db, incidents=3, try_after=60)
    lane = await lanes.lane()
    await fail(lane, 2)
    case = await lane.take()
    assert case is not None
    await lane.end(case, touched=COMPTA)
    await fail(lane, 2)
    await fail(lane, 1, "bdo")  # another application: COMPTA was touched and did not fail
    await fail(lane, 2)
    assert (await standing(owner_db))["reason"] is None
    await fail(lane, 1)
    now = await standing(owner_db)
    assert now["reason"] == "3 incidents applicatifs de suite."
    assert now["retry_at"] > datetime.now(UTC)
    assert await lane.take() is None
    assert await tickets(lanes, runner_url, owner_db) == 0


async def test_one_session_tries_with_one_case_on_all_machines_and_success_opens_it(
    lanes: EntryLanes, console_db: Database, owner_db: Database, runner_url: str
) -> None:
    await lanes.load(40)
    await (await opened(lanes, console_db, owner_db)).leave()
    assert await tickets(lanes, runner_url, owner_db) == 1
    begun = await asyncio.gather(*(lanes.lane(number) for number in range(LANES)))
    took = [(lane, case) for lane in begun if (case := await lane.take()) is not None]
    assert len(took) == 1
    lane, case = took[0]
    assert await lane.take() is None  # one case, not the next
    assert await tickets(lanes, runner_url, owner_db) == 0
    entry = await lane.plan(case)
    await lane.intend(case, entry, TEN)
    async with owner_db.transaction("test") as tx:
        await tx.connection.execute("update entry set state = 'doubtful'")
        await tx.connection.execute("update entry_attempt set ended_at = now(), result = 'doubtful'")
    await lane.end(case, "exception", failed="compta", touched=COMPTA)
    now = await standing(owner_db)
    assert (now["tried"], now["retry_at"] > datetime.now(UTC)) == (False, True)
    await execute(owner_db, "update application_stop set retry_at = now()")
    second = await lanes.lane()
    case = await second.take()
    assert case is not None
    await second.end(case, touched=COMPTA)
    assert (await standing(owner_db))["reason"] is None
    assert all([await lane.take() for lane in begun])
    events = await execute(
        owner_db, "select verb, details from audit_outbox where verb like 'application.%' order by id"
    )
    assert [(row["verb"], row["details"].get("opened")) for row in events][1:] == [
        ("application.stopped", None), ("application.tried", False), ("application.tried", True),
    ]  # fmt: skip


async def test_a_case_that_does_not_reach_the_application_leaves_the_trial_to_the_next(
    lanes: EntryLanes, console_db: Database, owner_db: Database
) -> None:
    await lanes.load(20)
    await opened(lanes, console_db, owner_db)
    lane = await lanes.lane()
    for touched in ("{bdo}", "{}"):
        case = await lane.take()
        assert case is not None
        await lane.end(case, touched=touched)
        assert (await standing(owner_db))["tried"]
    case = await lane.take()
    assert case is not None
    await lane.end(case, touched=COMPTA)
    assert (await standing(owner_db))["reason"] is None


async def test_a_trial_whose_session_is_lost_goes_to_another(
    lanes: EntryLanes, console_db: Database, owner_db: Database, runner_url: str
) -> None:
    await lanes.load(20)
    await (await opened(lanes, console_db, owner_db)).leave()
    frozen = await lanes.lane()
    held = await frozen.take()
    assert held is not None
    entry = await frozen.plan(held)
    await execute(owner_db, "update robot_session set last_seen = now() - interval '1 minute' where ended_at is null")
    assert await tickets(lanes, runner_url, owner_db) == 1
    other = await lanes.lane()
    assert await other.take() is not None
    with pytest.raises(RobotsStopped):  # thawed: its lease still holds, its trial does not
        await frozen.intend(held, entry, TEN)


async def test_what_only_a_person_may_open_is_not_tried_and_takes_the_place_of_what_is(
    lanes: EntryLanes, console_db: Database, owner_db: Database
) -> None:
    await lanes.load(20)
    await opened(lanes, console_db, owner_db)
    async with lanes.database.transaction("robot:r") as tx:
        await close_application(tx, CAISSE, Found.of(ReleaseChanged("compta", "search", ["un écart"])))
    now = await standing(owner_db)
    assert (now["retry_at"], "l'écran a changé" in now["reason"]) == (None, True)
    assert await (await lanes.lane()).take() is None
    async with console_db.transaction("agent:s.noir") as tx:
        assert not await stops.stop_application(tx, CAISSE, "compta", "encore", "s.noir")
        assert await stops.resume_application(tx, CAISSE, "compta")
    lane = await lanes.lane()
    await fail(lane, 2)  # those of before it was opened are forgotten
    assert (await standing(owner_db))["reason"] is None


async def test_a_runner_can_neither_open_an_application_nor_change_its_settings(lanes: EntryLanes) -> None:
    for statement in (
        "delete from application_stop",
        "update application_stop set retry_at = now()",
        "update application_setting set sessions = 99",
        "insert into application_setting (caisse, application) values ('c', 'a')",
    ):
        with pytest.raises(StoreError) as refused:
            async with lanes.database.transaction("robot:r") as tx:
                await tx.connection.execute(statement.encode())
        assert refused.value.state == "42501"
