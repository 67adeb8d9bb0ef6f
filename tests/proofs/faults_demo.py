"""What an old application does to a robot: refused logins, expired sessions, 500s, dropped connections, late commits.

One house, in the order of the story: every login is refused; people reopen the application; faults are aimed at some
stops while the rest is worked; two business days later an agent sends the doubts back.

Not part of ``./glr test``, where each fault has a test of its own beside one robot (``engine/test_doubts.py``) and a short
campaign draws them: ``.venv/bin/pytest -s tests/proofs/faults_demo.py``, a minute.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from console_visitor import Visitor
from demo_house import House, Row, Running, wait_for
from demo_world import file_of

NOT_ENDED = "select 1 from glr.cases where state in ('ready', 'waiting', 'leased')"
LATER = "2026-03-31"


@dataclass(frozen=True, kw_only=True)
class Story:
    """A house at work, and the lines of its delivery at which faults are aimed."""

    house: House
    demo: Running
    #: The first proposal meets this fault: ``before``, ``after``, ``drop``, ``slow``, ``expiry``.
    acts: dict[str, int]
    #: BDO's file is never of the day, of the day from the second reading on, gone to the login once.
    never_today: int
    once_stale: int
    once_expired: int

    @property
    def doubts(self) -> set[int]:
        """The lines whose entry no look can settle: they pay, and nothing was committed."""
        return {self.acts[fault] for fault in ("before", "expiry")}

    def stop(self, fault: str) -> tuple[str, str]:
        return self.house.keys()[self.acts[fault]]

    def lines(self, fault: str) -> int:
        """Count what the ledger holds of the stop of that fault."""
        return sum((line["nir"], line["stop"]) == self.stop(fault) for line in self.house.ledger())

    def entry(self, line: int) -> str:
        """Return the state of the entry of a line."""
        text = "select e.state::text as state from glr.entry e join glr.cases c on c.id = e.case_id where c.line = %(line)s"
        return next((str(row["state"]) for row in self.house.query(text, line=line)), "none")

    def worked(self) -> None:
        """Wait until every case has left the robots' hands."""
        wait_for(lambda: not self.house.query(NOT_ENDED), "every case out of the robots' hands")


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What was seen while every login was refused."""

    summary: dict[str, Any]
    stopped: list[str]
    states: list[dict[str, Any]]
    logins: int
    logins_later: int


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    house = House(tmp_path_factory.mktemp("faults") / "workspace", cases=20, sessions=1)
    house.prepare()
    house.aim(bdo=[{"on": "POST /connexion", "fault": "refused", "times": 99}])
    entered = [line for line, row in house.oracle().items() if row.outcome == "entered"]
    acts = dict(zip(("before", "after", "drop", "slow", "expiry"), entered, strict=False))
    try:
        with house.running(*house.demo) as demo:
            yield Story(
                house=house,
                demo=demo,
                acts=acts,
                never_today=entered[5],
                once_stale=entered[6],
                once_expired=entered[7],
            )
    finally:
        house.discard()


@pytest.fixture(scope="module")
def refused(story: Story) -> Refused:
    house = story.house
    wait_for(story.demo.answered, "the demo's summary")
    summary = json.loads(story.demo.out.read_text("utf-8").splitlines()[-1])
    first = _logins(house)
    time.sleep(5)
    stopped = [row["application"] for row in house.query("select application from glr.application_stop")]
    states = house.query("select state::text as state, count(*) as cases from glr.cases group by state")
    return Refused(summary=summary, stopped=stopped, states=states, logins=first, logins_later=_logins(house))


@pytest.fixture(scope="module")
def hit(story: Story, refused: Refused) -> dict[int, Row]:
    """Reopen the application, with faults aimed at some stops, and kill the session whose commit comes late."""
    house = story.house
    house.aim(**_aimed(story))
    reopened = house.run("status", "--reopen", "bdo", *house.here)
    assert reopened.code == 0, reopened.err
    wait_for(lambda: story.entry(story.acts["slow"]) == "intent", "the intent of the late commit")
    time.sleep(2)
    assert story.entry(story.acts["slow"]) == "intent"
    story.demo.role("session")[0].send_signal(signal.SIGKILL)
    story.worked()
    return house.rows()


@pytest.fixture(scope="module")
def resent(story: Story, hit: dict[int, Row]) -> dict[int, Row]:
    """Send every doubt that is left back two business days later, as an agent does; give what became of them."""
    house = story.house
    house.aim()
    (house.practice / "today").write_text(f"{LATER}\n", "ascii")
    people = json.loads((house.workspace / "secrets" / "people.json").read_text("ascii"))
    items = house.query("select id from glr.exception_item where cause = 'doubt' and closed_at is null")
    with Visitor(house.console, "agent", people["agent"]) as agent:
        for item in items:
            agent.resend(item["id"])
    story.worked()
    return house.rows()


def test_a_refused_login_closes_the_application_to_robots_at_once(refused: Refused) -> None:
    assert refused.stopped == ["bdo"]
    assert refused.states == [{"state": "ready", "cases": 18}]
    assert refused.summary["outcomes"]["exception"] == 0
    assert refused.summary["ledger"]["lines"] == 0


def test_a_refused_login_is_not_tried_until_the_account_locks(refused: Refused) -> None:
    assert refused.logins <= 2
    assert refused.logins_later == refused.logins


def test_everything_else_ends_as_the_oracle_says_despite_expired_sessions_and_stale_screens(
    story: Story, hit: dict[int, Row]
) -> None:
    expected = story.house.oracle()
    expected[story.never_today] = Row(outcome="exception", codes=("C-12",))
    expected |= dict.fromkeys(story.doubts, Row(outcome="doubt"))
    assert hit == expected


def test_each_fault_of_the_act_is_a_doubt_that_a_look_settles_when_it_was_committed(
    story: Story, hit: dict[int, Row]
) -> None:
    assert {line for line, row in hit.items() if row.outcome == "doubt"} == story.doubts
    assert {story.entry(line) for line in story.doubts} == {"doubtful"}
    looks = "select seen, count(*) as looks from glr.doubt group by seen order by seen"
    assert story.house.query(looks) == [{"seen": "absent", "looks": 2}, {"seen": "ours", "looks": 3}]
    assert {story.entry(story.acts[fault]) for fault in ("after", "drop", "slow")} == {"confirmed"}


def test_the_ledger_holds_what_was_committed_once(story: Story, hit: dict[int, Row]) -> None:
    assert {fault: story.lines(fault) for fault in story.acts} == {
        "before": 0, "after": 1, "drop": 1, "slow": 1, "expiry": 0,
    }  # fmt: skip
    entered = sum(row.outcome == "entered" for row in hit.values())
    assert len(story.house.ledger()) == entered


def test_a_screen_of_the_day_before_was_tried_again_before_a_person_was_asked(
    story: Story, hit: dict[int, Row]
) -> None:
    tries = {row["line"]: row["attempts"] for row in story.house.query("select line, attempts from glr.cases")}
    assert (tries[story.never_today], tries[story.once_stale], tries[story.once_expired]) == (4, 2, 1)


def test_a_doubt_that_the_application_does_not_show_stays_with_a_person(story: Story, resent: dict[int, Row]) -> None:
    for fault in ("before", "expiry"):
        assert resent[story.acts[fault]] == Row(outcome="doubt")
        assert story.entry(story.acts[fault]) == "doubtful"


def test_sending_a_doubt_back_enters_nothing(story: Story, hit: dict[int, Row], resent: dict[int, Row]) -> None:
    assert {fault: story.lines(fault) for fault in story.acts} == {
        "before": 0, "after": 1, "drop": 1, "slow": 1, "expiry": 0,
    }  # fmt: skip
    assert {line: row for line, row in resent.items() if line not in story.doubts} == {
        line: row for line, row in hit.items() if line not in story.doubts
    }


def _logins(house: House) -> int:
    return sum(row[0] for row in house.stored("bdo", "select fois from panne_servie"))


def _aimed(story: Story) -> dict[str, list[dict[str, object]]]:
    """Faults on the proposals of some stops, on the files of some people, and sessions that expire on the way."""
    keys = story.house.keys()
    seconds = {"slow": {"seconds": 12}}
    acts = [
        {"on": "POST /avances", "stop": keys[line][1], "fault": fault, "times": 1, **seconds.get(fault, {})}
        for fault, line in story.acts.items()
    ]
    never, once, gone = (
        f"GET /dossier/{file_of(story.house, keys[line][0])}"
        for line in (story.never_today, story.once_stale, story.once_expired)
    )
    return {
        "bdo": [
            {"on": never, "fault": "degraded"},
            {"on": once, "fault": "stale_date", "times": 1},
            {"on": gone, "fault": "expiry", "times": 1},
        ],
        # once each: two in a row on one call would make a second try of whichever case meets them
        "arpege": [{"on": "GET /assure/*/droits", "fault": "expiry", "times": 1}],
        "compta": [*acts, {"on": "POST /avances/recherche", "fault": "expiry", "times": 1}],
    }
