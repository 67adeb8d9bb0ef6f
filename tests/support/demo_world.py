"""Houses that several acceptance tests share: a demo that went well, and one that was hit."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest
from demo_house import Finished, House, Running, alive, wait_for


@dataclass(frozen=True, kw_only=True)
class Done:
    """A house after its first demo."""

    house: House
    demo: Finished


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """How a demo ended on Ctrl-C."""

    demo: Finished
    #: From the key to its end.
    seconds: float
    #: The command lines of what still lived.
    left: list[str]


@dataclass(frozen=True, kw_only=True)
class Hit(Done):
    """A house whose demo was hit, killed, stopped and started again; ``demo`` is the last start, which ended by itself."""

    #: What was killed, in order; the demo itself between the first two.
    killed: tuple[str, ...]
    #: What still lived of the demo that was killed, after what a case in hand may take.
    left_by_sigkill: list[str]
    stopped: Stopped
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
    """Start the same command three times: killed, stopped, left to its end; a session, a runner and PostgreSQL are killed
    meanwhile, and one page is broken for ever."""
    house = House(tmp_path_factory.mktemp("hit") / "workspace", cases=20)
    house.prepare()
    broken = break_a_page(house)
    try:
        with house.running(*house.demo) as demo:
            session = kill(house, demo, 2, "session")
            left = kill_the_demo(house, demo, 3)
        with house.running(*house.demo) as demo:
            runner = kill(house, demo, 5, "runner")
            stopped = stop_the_demo(house, demo, 6)
        with house.running(*house.demo, "--exit") as demo:
            killed = session, runner, kill(house, demo, 8, "postgres")
            ended = demo.wait()
            yield Hit(house=house, demo=ended, killed=killed, left_by_sigkill=left, stopped=stopped, broken=broken)
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


def kill_the_demo(house: House, demo: Running, lines: int) -> list[str]:
    """Kill the demo itself with SIGKILL once the ledger has that many lines; return what still lives 40 s later."""
    wait_for(lambda: len(house.ledger()) >= lines, f"{lines} lines in the ledger")
    family = demo.descendants()
    demo.process.kill()
    demo.process.wait()
    return alive(psutil.wait_procs(family, timeout=40)[1])


def stop_the_demo(house: House, demo: Running, lines: int) -> Stopped:
    """Press Ctrl-C once the ledger has that many lines."""
    wait_for(lambda: len(house.ledger()) >= lines, f"{lines} lines in the ledger")
    family = [*demo.descendants(), psutil.Process(house.server().pid)]
    demo.process.send_signal(signal.SIGINT)
    pressed = time.monotonic()
    finished = demo.wait()
    return Stopped(demo=finished, seconds=time.monotonic() - pressed, left=alive(family))


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
