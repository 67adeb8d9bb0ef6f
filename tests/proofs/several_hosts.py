"""Several hosts: one is killed, one is cut off in the middle of an act, one loses the database alone; each is healed.

The clock of one is an hour fast, that of the other 90 s slow: more than a lease either way.
Not part of ``./glr test``: ``.venv/bin/pytest -s tests/proofs/several_hosts.py`` as root, ten minutes, with real leases.
Judged by COMPTA's own ledger and the independent checker.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from namespaces import Host, Network, network, why_not
from own_postgres import PROGRAMS, OwnPostgres, own_postgres

from checker.evidence import read_all
from checker.invariants import violations
from orchestrator.bootstrap.practice import TODAY, Practice
from orchestrator.engine.lease import BEAT
from orchestrator.store.addresses import LIMITS
from sandbox.stores import APPLICATIONS

PROJECT = Path(__file__).resolve().parents[2]
SCENARIO = "ij-acompte"
#: Seconds: the lease, and what may pass until others have the case.
LEASE, MORE = 30.0, 5.0
#: Seconds after which a side must know that the other is gone, and how exactly that is measured.
NOTICED = int(LIMITS["keepalives_idle"]) + int(LIMITS["keepalives_interval"]) * int(LIMITS["keepalives_count"]) + 2.0
#: Clocks that differ, by host; a library of Debian's ``libfaketime`` shifts what a process and its children read.
CLOCKS = {"poste1": "-90s", "poste2": "+3600s"}
#: Chromium would wait by spinning with its correction of condition variables.
SHIFT = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
_PREPARE = """
import asyncio
from orchestrator.bootstrap.demo_people import ensure_people
from orchestrator.bootstrap.versions import publish_by_two
from orchestrator.bootstrap.world import build_world
from orchestrator.settings import Settings
async def main():
    world = await build_world(Settings())
    await ensure_people(world)
    await publish_by_two(world, "ij-acompte", "responsable", "superviseur", "Publiée pour la preuve.")
asyncio.run(main())
"""
_HELD = """
select cases.id::text, cases.reference, cases.epoch, cases.leased_by::text as session, exists (
    select from glr.entry_attempt where case_id = cases.id and ended_at is null) as acting
from glr.cases join glr.robot_session session on session.id = cases.leased_by
where cases.state = 'leased' and session.login = %(login)s
"""
_FREED = "select count(*) as held from glr.cases where id = %(id)s::uuid and epoch = %(epoch)s and state = 'leased'"
_SHOWN = "select count(*) as n from glr.exception_item where cause = 'doubt' and closed_at is null"
_STALE = """
select 'attempt' as what from glr.attempt where session = %(session)s::uuid and case_id = %(id)s::uuid and ended_at > %(at)s
union all
select 'intent' from glr.entry_attempt where session = %(session)s::uuid and intent_at > %(at)s
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL's account may enter."""
    made = Path(tempfile.mkdtemp(prefix="glr-hosts-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@dataclass
class Hosts:
    """The whole house."""

    folder: Path
    net: Network
    postgres: OwnPostgres
    practice: Practice
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def workspace(self, name: str) -> Path:
        """Return the folder of a host."""
        return self.folder / name

    def environment(self, name: str) -> dict[str, str]:
        """Return what a host's programs are given: the orchestrator is the owner, a runner its own login."""
        given = {name: value for name, value in os.environ.items() if not name.startswith(("GLR_", "PG"))}
        given |= {"GLR_WORKSPACE": str(self.workspace(name)), "GLR_HOME": str(PROJECT), "GLR_SESSIONS": "1"}
        if name == "orchestrator":
            return {**given, "GLR_DATABASE_URL": self.postgres.url}
        address = self.postgres.url.replace(self.postgres.url.split("//")[1].split("@")[0], login_of(name))
        shifted = {
            "LD_PRELOAD": str(SHIFT),
            "FAKETIME": CLOCKS[name],
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }
        return {**given, **shifted, "GLR_RUNNER_URL": f"{address}&passfile={self.workspace(name)}/pgpass"}

    def start(self, name: str) -> None:
        """Start the program of a host."""
        verb = "serve" if name == "orchestrator" else "runner"
        words = [sys.executable, "-m", "orchestrator.cli", verb]
        self.running[name] = self.net.hosts[name].start(words, self.folder / f"{name}.log", self.environment(name))

    def glr(self, *words: str) -> str:
        """Run a command on the orchestrator's host."""
        command = [sys.executable, "-m", "orchestrator.cli", *words]
        return self.net.hosts["orchestrator"].run(command, self.environment("orchestrator"))

    def held_by(self, name: str) -> list[dict[str, Any]]:
        """Return the cases that the sessions of a host hold."""
        return self.postgres.ask(_HELD, login=login_of(name))

    def served_for(self, host: Host) -> int:
        """Count the connections from a host that PostgreSQL believes in."""
        asked = "select count(*) as n from pg_stat_activity where client_addr = %(host)s::inet"
        return int(self.postgres.ask(asked, host=host.address)[0]["n"])

    def moving(self) -> int:
        """Count the cases that robots still work."""
        asked = "select count(*) as n from glr.cases where state in ('ready', 'leased', 'waiting')"
        return int(self.postgres.ask(asked)[0]["n"])


def login_of(name: str) -> str:
    """Return the database account of a runner's host."""
    return f"glr_poste_{name[-1]}"


@pytest.fixture(scope="module")
def hosts(folder: Path) -> Iterator[Hosts]:
    """Give a database, an orchestrator, two hosts of robots and one of applications; nothing but a switch between them."""
    reason = why_not() if PROGRAMS else "no PostgreSQL with TLS: apt install postgresql"
    reason = reason or (None if SHIFT else "no clocks that differ: apt install libfaketime")
    if os.geteuid() != 0 or reason:
        pytest.skip(reason or "network namespaces are root's")
    with network() as net:
        base, orchestrator = net.host("base"), net.host("orchestrator")
        one, two, applications = net.host("poste1"), net.host("poste2"), net.host("applications")
        authority = Authority(folder, "autorite")
        Path(authority.path).chmod(0o644)
        practice = Practice(folder=folder / "practice", cases=60, seed=931)
        practice.make()
        log = folder / "applications.log"
        ports = (
            "--ports",
            ",".join(str(8101 + n) for n in range(len(APPLICATIONS))),
            "--host",
            applications.address,
            "--faults",
            "latency=200:900",
        )
        applications.start([sys.executable, "-m", "sandbox", "serve", "--dir", str(practice.folder), *ports], log,
                           dict(os.environ))  # fmt: skip
        with own_postgres(base, folder / "postgres", authority) as postgres:
            house = Hosts(folder=folder, net=net, postgres=postgres, practice=practice)
            addresses = {name: f"http://{applications.address}:{8101 + n}" for n, name in enumerate(APPLICATIONS)}
            (house.workspace("orchestrator") / "secrets").mkdir(parents=True, mode=0o700)
            accounts = house.workspace("orchestrator") / "secrets" / "acompte-ij.json"
            practice.write_accounts(addresses, accounts)
            orchestrator.run([sys.executable, "-c", _PREPARE], house.environment("orchestrator"))
            for name in ("poste1", "poste2"):
                _equip(house, name, accounts)
            wait_for(lambda: '{"ready"' in log.read_text(), "applications serve")
            yield house
            for host in (one, two, orchestrator):
                host.kill()


def _equip(house: Hosts, name: str, accounts: Path) -> None:
    """Give a host of robots what the guide says: a login of the database, the keys, the accounts of its robot."""
    house.glr("database", "login", login_of(name))
    secrets = house.workspace(name) / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    for path in (accounts.with_name("keys.json"), accounts):
        shutil.copy(path, secrets / path.name)
    shutil.copy(accounts.with_name(f"{login_of(name)}.pgpass"), house.workspace(name) / "pgpass")


def wait_for(condition: Callable[[], object], what: str, seconds: float = 120.0) -> float:
    """Wait until something is so; return how long that took, seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, f"after {seconds:.0f} s, still not: {what}"
        time.sleep(0.1)
    return time.monotonic() - began


def _kill(house: Hosts, name: str) -> None:
    house.net.hosts[name].kill()
    house.running[name].wait(10)


FAULTS = {
    "killed": (_kill, Hosts.start),
    "cut off": (lambda house, name: house.net.hosts[name].cut(), lambda house, name: house.net.hosts[name].heal()),
    "cut off from the database alone": (
        lambda house, name: house.net.hosts[name].cut_from(house.postgres.host),
        lambda house, name: house.net.hosts[name].heal_from(house.postgres.host),
    ),
    "cut off from what the database answers": (
        lambda house, name: house.postgres.host.cut_from(house.net.hosts[name]),
        lambda house, name: house.postgres.host.heal_from(house.net.hosts[name]),
    ),
}
#: Which host, what, and whether an act must be under way.
ORDER = [
    ("poste1", "killed", True),
    ("poste2", "cut off", True),
    ("poste1", "cut off from the database alone", True),
    ("poste2", "cut off from the database alone", False),
    ("poste1", "cut off", False),
    ("poste2", "killed", False),
    ("poste1", "cut off from what the database answers", True),
    ("poste2", "cut off from what the database answers", False),
]


def test_hosts_that_die_or_are_cut_off_enter_nothing_twice_and_lose_nothing(hosts: Hosts) -> None:
    began = time.monotonic()
    hosts.start("orchestrator")
    hosts.glr("run", SCENARIO, str(hosts.practice.delivery), "--run-date", TODAY)
    for name in ("poste1", "poste2"):
        hosts.start(name)
    measured = [hit(hosts, name, fault, acting=acting) for name, fault, acting in ORDER]
    wait_for(lambda: not hosts.moving(), "every case has left the robots", 900)
    time.sleep(3)  # the exporter
    seen = read_all(
        hosts.practice.folder / "compta.ledger.jsonl",
        hosts.workspace("orchestrator") / "logs" / "audit",
        f"host={hosts.postgres.folder} user=postgres dbname=postgres",
        patience=LEASE + MORE,
    )
    doubts = hosts.postgres.ask("select count(*) as n, count(looked_at) as looked from glr.doubt")[0]
    shown = hosts.postgres.ask(
        "select count(*) as n from glr.exception_item where cause = 'doubt' and closed_at is null"
    )
    said = {
        "faults": measured,
        "cases": len(seen.cases),
        "entries": len(seen.ledger),
        "double_entries": hosts.practice.duplicates(),
        "violations": [f"{each.promise.name}: {each.what}" for each in violations(seen)],
        "doubts": doubts["n"],
        "doubts_looked_at": doubts["looked"],
        "doubts_shown": shown[0]["n"],
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(said, ensure_ascii=False, indent=1))
    assert said["double_entries"] == 0
    assert said["violations"] == []
    assert len(seen.ledger) > len(ORDER)
    for each in measured:
        # a database that still hears the host takes one more sign of life, and believes in it until it has given up
        hears = "answers" in each["fault"]
        assert each["freed"] <= LEASE + MORE + hears * BEAT
        assert each["stale"] == []
        if "cut" in each["fault"]:
            assert each["host_knows"] <= NOTICED
            assert each["server_knows"] <= NOTICED + hears * each["host_knows"]


def hit(house: Hosts, name: str, fault: str, *, acting: bool) -> dict[str, Any]:
    """Hurt a host that holds a case, heal it once others have the case, wait until it works; return what was measured."""
    hurt, heal = FAULTS[fault]
    host = house.net.hosts[name]
    wait_for(lambda: any(case["acting"] or not acting for case in house.held_by(name)), f"{name} acts", 300)
    hurt(house, name)
    held, began = house.held_by(name), time.monotonic()
    measured: dict[str, Any] = {
        "fault": fault,
        "host": name,
        "held": len(held),
        "acting": sum(c["acting"] for c in held),
    }
    ways: dict[str, Callable[[], bool]] = {
        "server_knows": lambda: house.served_for(host) == 0,
        "host_knows": lambda: host.connected_to(house.postgres.host) == 0,
        "freed": lambda: not any(house.postgres.ask(_FREED, **only(case))[0]["held"] for case in held),
    }
    while ways:
        for way in [way for way, known in ways.items() if known()]:
            measured[way] = round(time.monotonic() - began, 1)
            del ways[way]
        assert time.monotonic() < began + 120, f"never: {', '.join(ways)}"
        time.sleep(0.1)
    healed = house.postgres.ask("select clock_timestamp() as at")[0]["at"]
    heal(house, name)
    asked = "select count(*) as n from glr.robot_session where login = %(login)s and last_seen > %(at)s"
    back = lambda: house.postgres.ask(asked, login=login_of(name), at=healed)[0]["n"] or not house.moving()  # noqa: E731
    measured["back"] = round(wait_for(back, f"{name} works again"), 1)
    time.sleep(5)
    measured["stale"] = [
        row["what"]
        for case in held
        for row in house.postgres.ask(_STALE, at=healed, session=case["session"], id=case["id"])
    ]
    print(json.dumps(measured, ensure_ascii=False), flush=True)
    return measured


def only(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a claim."""
    return {"id": case["id"], "epoch": case["epoch"]}
