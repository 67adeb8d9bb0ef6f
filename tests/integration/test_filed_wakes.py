"""What ``wake_for_filed`` refuses to a machine's own login: only what is proven wakes, and only who waits for a document."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from audit_rows import add_case, add_run, connect

ASK = "select wake_for_filed(%s, %s, array['ij-acompte', 'ij-acompte'], array[%s, 'another']::bytea[])"
_ENTRY = """insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, state)
values (gen_random_uuid(), 'cpam-931', gen_random_uuid()::text::bytea, 's', 'compta', 'k', false, 't', {}, 'doubtful')"""
_MADE = (
    "update entry set state = 'confirmed', reference = 'GED-2026-000007', settled_at = now() where case_id = %(filing)s"
)


@dataclass
class House:
    """A session of this login; cases that it holds and has filed for, each with one that waits for it."""

    owner: psycopg.Connection
    runner: psycopg.Connection
    run: UUID
    session: UUID
    lines: Iterator[int]

    def pair(self) -> tuple[UUID, UUID]:
        """Make one: who filed, and who waits under a key that is its own id."""
        filing, waiting = (add_case(self.owner, self.run, state, next(self.lines)) for state in ("leased", "waiting"))
        held = f"leased_by = '{self.session}', lease_until = now() + interval '1 h', epoch = 1"
        for statement in (
            f"update cases set {held} where id = %(filing)s",
            "update cases set waits_for = 'document' where id = %(waiting)s",
            _ENTRY.format("%(filing)s"),
            _MADE,
        ):
            self.do(statement, filing, waiting)
        return filing, waiting

    def do(self, statement: str, filing: UUID, waiting: UUID) -> None:
        """Change something, as the owner, without the guards of transitions."""
        self.owner.execute("set session_replication_role = replica")
        self.owner.execute(statement.encode(), {"filing": filing, "waiting": waiting, "session": self.session})
        self.owner.execute("set session_replication_role = default")

    def ask(self, filing: UUID, waiting: UUID, session: UUID | None = None) -> tuple[int | None, str]:
        """Ask as its session does; returns the answer, and where the waiting case stands."""
        (answer,) = self.runner.execute(ASK, [filing, session or self.session, waiting.bytes]).fetchone() or (None,)
        (state,) = self.owner.execute("select state::text from cases where id = %s", [waiting]).fetchone() or ("",)
        return answer, state


@pytest.fixture
def house(owner_url: str, runner_url: str) -> Iterator[House]:
    with connect(owner_url) as owner, connect(runner_url, actor="robot:depot-pieces") as runner:
        run, machine, session = add_run(owner), uuid4(), uuid4()
        runner.execute("insert into runner (id, host, pid) values (%s, 'test', 1)", [machine])
        runner.execute(
            "insert into robot_session (id, caisse, runner, robot, scenario)"
            " values (%s, 'cpam-931', %s, 'depot-pieces', 'ij-acompte')",
            [session, machine],
        )
        yield House(owner=owner, runner=runner, run=run, session=session, lines=iter(range(2, 99)))


def test_what_is_proven_wakes_who_waits_once_and_the_log_says_by_which_document(
    house: House, orchestrator_url: str
) -> None:
    filing, waiting = house.pair()
    with connect(orchestrator_url) as orchestrator, pytest.raises(psycopg.errors.InsufficientPrivilege):
        orchestrator.execute(ASK, [filing, house.session, waiting.bytes])
    assert house.ask(filing, waiting, uuid4()) == (None, "waiting"), "another session does not hold it"
    assert house.ask(filing, waiting) == (1, "ready")
    assert house.ask(filing, waiting) == (0, "ready"), "woken, it does not wait any more"
    said = house.owner.execute("select actor, details from audit_outbox where verb = 'case.woken'").fetchall()
    (reference,) = house.owner.execute("select reference from cases where id = %s", [filing]).fetchone() or ("",)
    about = {"by": "document", "document": "GED-2026-000007", "filed_by": reference}
    assert said == [("robot:depot-pieces", about)]


WAIT = (
    "update cases set state = 'waiting', wait_until = now() + interval '9 days', waits_for = 'document' where id = %s"
)


def _verbs(house: House, case: UUID) -> list[str]:
    """Return what the log says of a case, the oldest first."""
    sql = "select verb from audit_outbox where object = (select reference from cases where id = %s) order by id"
    return [verb for (verb,) in house.owner.execute(sql, [case]).fetchall()]


def test_a_case_does_not_wait_for_what_was_filed_before_it_began_to_wait(house: House, console_url: str) -> None:
    filing, case = house.pair()
    with connect(console_url, actor="agent:a.martin") as console:
        for state, beside in (("leased", {"leased_by": UUID(int=1)}), ("exception", {})):
            house.do(f"update cases set {_only(state, **beside)} where id = %(waiting)s", filing, case)
            assert house.ask(filing, case) == (0, state), "nobody waits yet"
            house.do(f"update cases set {_only('exception')} where id = %(waiting)s", filing, case)
            told = len(_verbs(house, case))
            console.execute(WAIT, [case])
            assert _verbs(house, case)[told:] == ["case.waiting", "case.ready", "case.woken"]
            assert house.ask(filing, uuid4())[0] == 0
        house.do(f"update cases set {_only('exception')} where id = %(waiting)s", filing, case)
        console.execute(WAIT, [case])
        assert _state(house, case) == "waiting", "it has gone on with it already: it waits for another"
        assert house.ask(filing, case) == (1, "ready")


def _only(state: str, **beside: object) -> str:
    at = {"leased_by": None, "wait_until": None, "waits_for": None, **beside}
    columns = ", ".join(f"{name} = " + (f"'{value}'" if value else "null") for name, value in at.items())
    return f"state = '{state}', {columns}, lease_until = " + ("now()" if at["leased_by"] else "null")


def _state(house: House, case: UUID) -> str:
    (state,) = house.owner.execute("select state::text from cases where id = %s", [case]).fetchone() or ("",)
    return str(state)


@pytest.mark.parametrize("first", ["filed", "waits"])
def test_whichever_of_two_transactions_ends_first_the_case_goes_on(house: House, console_url: str, first: str) -> None:
    filing, case = house.pair()
    house.do(f"update cases set {_only('exception')} where id = %(waiting)s", filing, case)
    with connect(console_url, actor="agent:a.martin") as console, ThreadPoolExecutor(1) as pool:
        acts = [
            (house.runner, ASK.replace("select", "select 'filed',"), [filing, house.session, case.bytes]),
            (console, f"{WAIT} returning 'waits', 1", [case]),
        ]
        (early, *act), (late, *other) = acts if first == "filed" else reversed(acts)
        with early.transaction():
            answer = early.execute(*act).fetchone()
            running = pool.submit(lambda: late.execute(*other).fetchone())
            _until_held_up(house.owner, late)
        answers = dict([answer or (), running.result(10) or ()])
    assert answers == {"filed": 0 if first == "filed" else 1, "waits": 1}
    assert _state(house, case) == "ready"


def _until_held_up(owner: psycopg.Connection, late: psycopg.Connection) -> None:
    """Wait until what a connection does stands before what another transaction holds."""
    until = time.monotonic() + 20
    while owner.execute("select cardinality(pg_blocking_pids(%s))", [late.info.backend_pid]).fetchone() == (0,):
        assert time.monotonic() < until, "nothing held it up"
        time.sleep(0.02)


NOT_PROVEN = {
    "in doubt": "update entry set state = 'doubtful', reference = null, settled_at = null where case_id = %(filing)s",
    "undone": "update entry set state = 'undone' where case_id = %(filing)s",
    "of another case": "update entry set case_id = %(waiting)s where case_id = %(filing)s",
    "lease over": "update cases set lease_until = now() - interval '1 s' where id = %(filing)s",
    "another's lease": "update cases set leased_by = gen_random_uuid() where id = %(filing)s",
}
NOT_AWAITED = {
    "a date": "update cases set waits_for = 'date' where id = %(waiting)s",
    "a doubt": "update cases set waits_for = 'doubt' where id = %(waiting)s",
    "a new try": "update cases set waits_for = null where id = %(waiting)s",
    "another caisse": "update cases set caisse = 'cpam-974' where id = %(waiting)s",
    "another scenario": "update cases set scenario = 'acompte-suivi' where id = %(waiting)s",
    "another key": "update cases set key_digest = 'other' where id = %(waiting)s",
    "an entry of its own in doubt": _ENTRY.format("%(waiting)s"),
}


def test_nothing_else_is_woken(house: House) -> None:
    expected = {**dict.fromkeys(NOT_PROVEN, (None, "waiting")), **dict.fromkeys(NOT_AWAITED, (0, "waiting"))}
    found = {}
    for what, change in {**NOT_PROVEN, **NOT_AWAITED}.items():
        pair = house.pair()
        house.do(change, *pair)
        found[what] = house.ask(*pair)
    assert found == expected
    pair = house.pair()
    house.do("update robot_session set login = 'another' where id = %(session)s", *pair)
    assert house.ask(*pair) == (None, "waiting"), "a session of another machine"
