"""``glr wake`` as a person types it, in a house whose first run is over."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from demo_house import PROJECT
from demo_world import Done

from orchestrator.cli.exits import Exit

REASON = "Attestation reçue ce matin"


@pytest.fixture
def waiting(quiet_demo: Done) -> Iterator[str]:
    """Put an exception of the run to wait, and give it back as it was."""
    found = "select reference from glr.cases where state = 'exception' order by line limit 1"
    reference = str(quiet_demo.house.query(found)[0]["reference"])
    move(quiet_demo, reference, "waiting", "now() + interval '9 days'")
    yield reference
    move(quiet_demo, reference, "exception", "null")


def move(demo: Done, reference: str, state: str, until: str) -> None:
    """Move a case by hand, past the triggers."""
    with psycopg.connect(demo.house.server().superuser_dsn) as connection:
        connection.execute("alter table glr.cases disable trigger user")
        moved = f"update glr.cases set state = '{state}', wait_until = {until} where reference = %s"
        connection.execute(moved.encode(), [reference])
        connection.execute("alter table glr.cases enable trigger user")


def glr(demo: Done, *words: str) -> tuple[int, str]:
    """Run a command as a person who knows the password; return its code and what it said."""
    known = {**os.environ, "GLR_PASSWORD": "correct cheval pile agrafe"}
    command = [sys.executable, "-m", "orchestrator.cli", *words, *demo.house.here]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=PROJECT, env=known, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_a_person_wakes_a_case_and_is_told_where_the_others_stand(quiet_demo: Done, waiting: str) -> None:
    ask = ("--by", "z.reveil", "--reason", REASON)
    assert glr(quiet_demo, "account", "z.reveil", "--name", "Z", "--role", "agent")[0] == Exit.OK
    stored = quiet_demo.house.query("select password_hash from glr.account where login = 'z.reveil'")[0]
    assert stored["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    nobody = glr(quiet_demo, "wake", waiting, "--by", "personne", "--reason", REASON)
    assert (nobody[0], "n'a pas de compte actif" in nobody[1]) == (Exit.SETTINGS, True)

    woken = f"{waiting} : repris, un robot le prend à son tour.\n"
    assert glr(quiet_demo, "wake", waiting.lower(), *ask) == (Exit.OK, woken)
    ended = quiet_demo.house.query("select reference from glr.cases where state = 'ended' limit 1")[0]["reference"]
    code, said = glr(quiet_demo, "wake", waiting, ended, *ask)
    assert code == Exit.REFUSED
    assert said.splitlines() == [
        f"{waiting} : n'attend plus, un robot le prend à son tour ; rien à faire.",
        f"{ended} : terminé ; rien n'a changé.",
    ]
    told = "select actor, details ->> 'reason' as reason from glr.audit_outbox where verb = 'case.woken' and object = %(it)s"
    assert quiet_demo.house.query(told, it=waiting) in ([], [{"actor": "agent:z.reveil", "reason": REASON}])


def test_a_supervisor_stops_a_scenario_and_lets_it_go_on(quiet_demo: Done) -> None:
    assert glr(quiet_demo, "account", "y.arret", "--name", "Y", "--role", "supervisor")[0] == Exit.OK
    stop = ("stop", "ij-acompte", "--reason", "Montants faux", "--by", "y.arret")
    assert glr(quiet_demo, *stop) == (Exit.OK, "« ij-acompte » arrêté. Reprendre : glr resume ij-acompte\n")
    found = "select stopped_by, released_by from glr.scenario_stop"
    assert quiet_demo.house.query(found) == [{"stopped_by": "y.arret", "released_by": None}]
    code, said = glr(quiet_demo, "status", "--resume", "ij-acompte")
    assert (code, "glr resume ij-acompte --by IDENTIFIANT" in said) == (Exit.USAGE, True)
    resume = ("resume", "ij-acompte", "--by", "y.arret")
    assert glr(quiet_demo, *resume) == (Exit.OK, "« ij-acompte » reprend.\n")
    assert quiet_demo.house.query(found) == [{"stopped_by": "y.arret", "released_by": "y.arret"}]
