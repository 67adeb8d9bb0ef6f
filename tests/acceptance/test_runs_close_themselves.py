"""Runs that close themselves, with real processes and two orchestrators; judged by the mail server's ledger and the folders."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
from audit_rows import exported
from demo_house import free_port, listens, wait_for
from office import Office, serving_mail
from workshops import received

from orchestrator.store import embedded


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Open an office whose scenario is published, with a runner at work."""
    opened = Office(tmp_path_factory.mktemp("office"))
    with serving_mail(opened.workspace) as urls:
        opened.make(urls)
        try:
            with opened.running("runner", "--sessions", "1"):
                yield opened
        finally:
            embedded.discard(opened.workspace)


def _codes(office: Office, run: str) -> dict[int, str]:
    rows = office.query(
        "select c.line, coalesce(i.failed->0->>'code', i.code, c.ended_as) as what from glr.cases c "
        "left join glr.exception_item i on i.case_id = c.id and i.closed_at is null where c.run = %(run)s",
        run=run,
    )
    return {row["line"]: row["what"] for row in rows}


def _hand_overs(office: Office, run: str) -> dict[str, str]:
    rows = office.query("select effect_key, state from glr.hand_over where run = %(run)s", run=run)
    return {row["effect_key"]: row["state"] for row in rows}


def _given(office: Office) -> list[str]:
    return sorted(path.name for path in (office.workspace / "traitees").glob("*"))


def test_a_run_of_libraries_alone_closes_itself_and_a_killed_closing_gives_nothing_twice(office: Office) -> None:
    office.plan("hang")  # the mail server takes the message and says nothing more
    words, other = ("serve", "--no-planner", "--port"), free_port()
    with office.running(*words, str(free_port())) as first:
        run = office.deliver(rows="D-1;697,39\nD-2;1,00\nD-3;2,01\nD-4;3,00\n")
        wait_for(lambda: received(office.workspace), "the mail has left", 90)
        (closing,) = [child for child in first.children() if "closing" in child.cmdline()]
        assert _given(office) == ["a.txt"]
        assert _hand_overs(office, run) == {"a.txt": "made", "courriel": "intended"}
        with office.running(*words, str(other)):
            wait_for(lambda: listens(f"http://127.0.0.1:{other}"), "the other orchestrator is at work", 60)
            victims, hurt = [psutil.Process(closing.ppid()), closing], time.monotonic()
            for victim in victims:
                victim.send_signal(signal.SIGKILL)
            wait_for(lambda: _hand_overs(office, run)["courriel"] == "doubtful", "the other closes, and doubts", 60)
            print(f"the other had looked after {time.monotonic() - hurt:.1f} s")
            assert time.monotonic() - hurt < 20  # its suite included
            psutil.wait_procs(victims, timeout=10)
    assert _codes(office, run) == {2: "done", 3: "E-LISTE", 4: "E-MONTANT", 5: "E-PIECE"}
    assert _given(office) == ["a.txt"]
    assert not office.closed(run)
    shown = office.glr("status").stdout
    assert "Remise « courriel » (mail.send) en doute" in shown
    assert "clôture pas faite" in shown
    _settle_and_close(office, run)


def _settle_and_close(office: Office, run: str) -> None:
    """A person says that the mail was received; the run then closes by itself, and the mail is not sent again."""
    asked = ["close", run[:8], "--settle", "courriel", "--made", "--by", "agent"]
    assert "--reason" in office.glr(*asked).stderr
    wrong = office.glr(*asked, "--reason", "Reçu.", GLR_PASSWORD="autre chose")
    assert "Mot de passe refusé" in wrong.stderr
    said = office.glr(*asked, "--reason", "Reçu à 10 h 02.", GLR_PASSWORD=office.people["agent"])
    assert said.stdout == "Remise « courriel » : faite.\n", said.stderr
    with office.running("serve", "--no-planner"):
        office.wait_closed(run)
    assert len(received(office.workspace)) == 1
    assert _given(office) == ["a.txt", "b.txt"]
    assert set(_hand_overs(office, run).values()) == {"made"}
    told = [(event["verb"], event["actor"]) for event in exported(office.workspace / "logs" / "audit")]
    assert ("hand_over.made", "agent:agent") in told
    assert told.count(("run.closed", "closing")) == 1
    again = office.glr("close", run[:8])
    assert again.stdout.count("faite") == 3
    (results,) = (office.workspace / "logs" / "bordereaux" / "suites").glob(f"*{run[:8]}/resultats.json")
    kept = {row["line"]: row["end"] or row["codes"] for row in json.loads(results.read_text("utf-8"))["rows"]}
    assert kept == {2: "done", 3: ["E-LISTE"], 4: ["E-MONTANT"], 5: ["E-PIECE"]}, "for a suite without a bordereau"
    assert len(received(office.workspace)) == 1


def test_a_mail_that_a_person_says_has_not_left_is_sent_by_the_suites_that_two_people_agreed_to(office: Office) -> None:
    sent = len(received(office.workspace))
    office.plan("lose")
    run = office.deliver("pieces-2.csv")
    disk = office.workspace / "robots" / "classeur" / "cloture.robot"
    agreed = disk.read_text(encoding="utf-8")
    disk.write_text("*** Test Cases ***\nAutre\n    Fail    une suite que personne n'a approuvée\n", encoding="utf-8")
    with office.running("serve", "--no-planner"):
        wait_for(lambda: _hand_overs(office, run).get("courriel") == "doubtful", "a doubt", 90)
        said = office.glr(
            *("close", run[:8], "--settle", "courriel", "--not-made", "--by", "agent", "--reason", "Rien reçu."),
            GLR_PASSWORD=office.people["agent"],
        )
        assert said.stdout == "Remise « courriel » : pas faite, elle peut être refaite.\n", said.stderr
        office.wait_closed(run)
    disk.write_text(agreed, encoding="utf-8")
    assert len(received(office.workspace)) == sent + 1
    assert _given(office) == ["a.txt", "b.txt"]
    assert (
        "Aucune remise"
        in office.glr(
            *("close", run[:8], "--settle", "courriel", "--made", "--by", "agent", "--reason", "Encore."),
            GLR_PASSWORD=office.people["agent"],
        ).stderr
    )
