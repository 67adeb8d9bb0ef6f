"""Houses that several acceptance tests share: a demo that went well, and one that was hit."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest
from demo_house import Finished, House, Running, wait_for


@dataclass(frozen=True, kw_only=True)
class Done:
    """A house after its first demo."""

    house: House
    demo: Finished


@dataclass(frozen=True, kw_only=True)
class Hit(Done):
    """A house whose demo was hit."""

    #: What was killed, in order.
    killed: tuple[str, ...]
    #: The stop whose BDO page is broken for ever.
    broken: str


@pytest.fixture(scope="session")
def quiet_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """Run ``demo --exit --json`` once, on nothing."""
    house = House(tmp_path_factory.mktemp("quiet") / "workspace", cases=24)
    try:
        yield Done(house=house, demo=house.run(*house.demo, "--exit"))
    finally:
        house.discard()


@pytest.fixture(scope="session")
def hit_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hit]:
    """Run a demo whose session, runner and PostgreSQL are killed on the way, and one of whose pages is broken."""
    house = House(tmp_path_factory.mktemp("hit") / "workspace", cases=20)
    house.prepare()
    broken = break_a_page(house)
    try:
        with house.running(*house.demo, "--exit") as demo:
            killed = [
                kill(house, demo, lines, role) for lines, role in ((2, "session"), (4, "runner"), (6, "postgres"))
            ]
            yield Hit(house=house, demo=demo.wait(), killed=tuple(killed), broken=broken)
    finally:
        house.discard()


def kill(house: House, demo: Running, lines: int, role: str) -> str:
    """Kill one process with SIGKILL once the ledger has that many lines."""
    wait_for(lambda: len(house.ledger()) >= lines, f"{lines} lines in the ledger")
    find: Callable[[], list[psutil.Process]] = (
        (lambda: [psutil.Process(house.server().pid)]) if role == "postgres" else (lambda: demo.role(role))
    )
    wait_for(find, f"a {role} to kill", 60)
    find()[0].send_signal(signal.SIGKILL)
    return role


def break_a_page(house: House) -> str:
    """Make the file of one insured person a broken page for ever; return the stop that cannot be worked any more."""
    line = next(line for line, row in house.oracle().items() if row.outcome == "entered")
    nir, stop = house.keys()[line]
    house.aim(bdo=[{"on": f"GET /dossier/{file_of(house, nir)}", "fault": "error"}])
    return stop


def file_of(house: House, nir: str) -> int:
    """Return the number of a person's file in BDO."""
    found = house.stored("bdo", "select id from dossier where nir = ?", nir)
    return int(found[0][0])
