"""A real s3270 at the practice green screen; what was entered is asked of the host's own ledger."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from green_host import Host, Permit, contract, green_host, ledger, plan

from keywords.progres import attachment, note_advance, notes_seen, salaried
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import ActRefused, BusinessException, LoginRefused, ScreenChanged
from orchestrator.domain.money import Euros
from orchestrator.domain.network import Network
from orchestrator.domain.personal import Secret
from orchestrator.drivers.act import Sent
from orchestrator.drivers.canary import walk
from orchestrator.drivers.capture import capture
from orchestrator.drivers.terminal_desk import TerminalDesk
from orchestrator.drivers.terminal_finder import TerminalNotFound
from orchestrator.drivers.terminal_pipe import TerminalFailed
from orchestrator.drivers.witness import Witness
from sandbox.green.server import Green

EVER = Period(date(2015, 1, 1), date(2035, 1, 1))
ACT = "PF5 PGN2"


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with green_host(tmp_path) as opened:
        yield opened


async def prepared(desk: TerminalDesk, host: Host, **changes: Any) -> Any:
    nir, _ = host.people()[0]
    note = {"stop_id": "AT26000101", "period": Period(date(2026, 3, 1), date(2026, 3, 9)), "amount": Euros(135904)}
    return await note_advance(desk, nir=nir, token="GLR-ABCDEFGHJK", **{**note, **changes})


async def test_lists_over_pages_accents_and_the_organism_are_read(host: Host) -> None:
    desk, (nir, _) = host.desk(), host.people()[0]

    found = await salaried(desk, nir=nir, period=EVER)

    assert (found.lines, len(found.on_these_days)) == (31, 31)
    assert len({line.period.start for line in found.on_these_days}) == 31
    assert (await attachment(desk, nir=nir)).certified
    accented = next((nir, name) for nir, name in host.people() if "È" in name or "É" in name or "Ï" in name)
    screen = await desk.submit("payments", nir=accented[0])
    assert screen["name"].reveal() == accented[1]


async def test_a_note_is_entered_once_with_its_accents_and_read_back(host: Host, tmp_path: Path) -> None:
    desk, (nir, name) = host.desk(), host.people()[0]

    act = await prepared(desk, host)

    assert ledger(tmp_path) == []
    assert await act.perform(Permit()) is Sent.ANSWERED
    (line,) = ledger(tmp_path)
    assert (line["amount_c"], line["reason"]) == (135904, "Acompte IJ proposé, à régulariser")
    (seen,) = await notes_seen(desk, nir=nir)
    assert (seen.reference, seen.token, seen.amount) == (line["number"], "GLR-ABCDEFGHJK", Euros(135904))
    assert (desk.acts.now.left, desk.acts.now.refused) == (1, 0)
    shown = "\n".join(desk.masked())
    assert line["number"] in shown
    assert nir.reveal() not in shown
    assert name.split(" ")[0] not in shown
    taken = await capture(desk, tmp_path / "evidence")
    assert taken is not None


async def test_a_key_that_enters_is_refused_outside_the_protocol_and_without_a_permit(
    host: Host, tmp_path: Path
) -> None:
    desk = host.desk()
    act = await prepared(desk, host)

    with pytest.raises(ActRefused):
        await desk.press("confirm", "PF5")

    assert await act.perform(Permit(ours=False)) is Sent.NOT_SENT
    assert ledger(tmp_path) == []
    assert desk.acts.now.left == 0


async def test_what_does_not_stand_there_as_it_was_prepared_is_not_entered(host: Host, tmp_path: Path) -> None:
    desk = host.desk()
    act = await prepared(desk, host)
    await desk.press("confirm", "PF3")

    assert await act.perform(Permit()) is Sent.NOT_SENT
    assert ledger(tmp_path) == []


@pytest.mark.parametrize(("fault", "lines"), [("cut", 0), ("drop", 1), ("before", 0), ("after", 1)])
async def test_a_line_lost_at_the_act_is_unknown_whether_it_was_entered_or_not(
    host: Host, tmp_path: Path, fault: str, lines: int
) -> None:
    desk = host.desk()
    act = await prepared(desk, host)
    plan(tmp_path, {"fault": fault, "on": ACT})

    assert await act.perform(Permit()) is Sent.UNKNOWN
    assert len(ledger(tmp_path)) == lines


async def test_a_killed_terminal_is_an_incident_before_the_act_nothing_was_sent_and_the_next_reading_starts_anew(
    host: Host, tmp_path: Path
) -> None:
    desk, (nir, _) = host.desk(), host.people()[0]
    act = await prepared(desk, host)
    assert desk.pid
    os.kill(desk.pid, signal.SIGKILL)

    assert await act.perform(Permit()) is Sent.NOT_SENT
    assert await notes_seen(desk, nir=nir) == []
    os.kill(desk.pid, signal.SIGKILL)
    with pytest.raises(TerminalFailed):
        await notes_seen(desk, nir=nir)
    assert await notes_seen(desk, nir=nir) == []
    assert ledger(tmp_path) == []


async def test_a_locked_keyboard_is_waited_for_and_no_longer_than_it_is_locked(host: Host, tmp_path: Path) -> None:
    desk, (nir, _) = host.desk(), host.people()[0]
    plan(tmp_path, {"fault": "lock", "on": "ENTER PGM0", "seconds": 0.6, "times": 1})

    began = time.monotonic()
    await salaried(desk, nir=nir, period=EVER)

    assert 0.6 <= time.monotonic() - began < 2.5


async def test_a_full_host_and_a_night_are_for_later_and_bad_values_for_a_person(tmp_path: Path) -> None:
    async with green_host(tmp_path, Green(sessions=1)) as host:
        desk, (nir, _) = host.desk(), host.people()[0]
        await notes_seen(desk, nir=nir)
        with pytest.raises(TerminalFailed, match="PGX03"):
            await notes_seen(host.desk(), nir=nir)
        with pytest.raises(BusinessException, match="PGX12"):
            await prepared(desk, host, amount=Euros(0))
        with pytest.raises(BusinessException, match="ne tient pas"):
            await prepared(desk, host, stop_id="AT26000101-TROP-LONG")
        plan(tmp_path, {"fault": "degraded"})
        assert await notes_seen(desk, nir=nir) == []
        with pytest.raises(TerminalFailed, match="PGX09"):
            await prepared(desk, host)
        assert ledger(tmp_path) == []


async def test_a_refused_password_is_tried_once(host: Host, tmp_path: Path) -> None:
    desk, (nir, _) = host.desk(), host.people()[0]
    object.__setattr__(desk.account, "password", Secret("faux"))

    with pytest.raises(LoginRefused):
        await notes_seen(desk, nir=nir)


async def test_a_moved_label_is_a_changed_screen_for_a_reading_and_for_the_walk(host: Host) -> None:
    known = contract()
    (nir, _) = host.people()[0]
    witness = Witness(values={"nir": nir.reveal()})
    assert (await walk(host.desk(), witness)).differences == ()
    organism = known.screens["organism"]
    moved = organism.fields["since"].model_copy(update={"label": "RATTACHE LE"})
    fields = {**organism.fields, "since": moved}
    screens = {**known.screens, "organism": organism.model_copy(update={"fields": fields})}
    desk = host.desk(known.model_copy(update={"screens": screens}))

    with pytest.raises(ScreenChanged):
        await attachment(desk, nir=nir)
    assert [each.screen for each in (await walk(desk, witness)).stopping] == ["organism"]


async def test_tls_is_spoken_and_an_unknown_certificate_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "host.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -addext"
    command = [*made.split(), "subjectAltName=IP:127.0.0.1", "-keyout", str(pem), "-out", str(tmp_path / "cert.pem")]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "cert.pem").read_text())
    async with green_host(tmp_path / "stores", Green(secure=pem)) as host:
        (nir, _) = host.people()[0]
        with pytest.raises(TerminalFailed):
            await notes_seen(host.desk(), nir=nir)
        for name, value in Network(authority=tmp_path / "cert.pem").variables().items():  # what GLR_CA_FILE comes to
            monkeypatch.setenv(name, value)
        assert await notes_seen(host.desk(), nir=nir) == []


async def test_without_s3270_a_sentence_says_what_to_install(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLR_S3270", "/nowhere/s3270")
    (nir, _) = host.people()[0]
    with pytest.raises(TerminalNotFound, match="apt install s3270"):
        await notes_seen(host.desk(), nir=nir)
