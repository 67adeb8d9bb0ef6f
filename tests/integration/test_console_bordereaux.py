"""The accounting control judges the bordereau of a closed run: what it signs is its hash, and PostgreSQL is the referee."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from audit_rows import connect

from orchestrator.domain.sampling import draw
from orchestrator.store.database import Database

PASSWORD = "correct cheval pile agrafe"


@pytest.fixture
async def closed(seed: Any) -> Any:
    """Close a run with three entered cases."""
    seed.entered = [await seed.end() for _ in range(3)]
    seed.book = await seed.close(seed.entered)
    seed.address = f"/bordereaux/{seed.run}"
    seed.hash = sha256(seed.book.read_bytes()).hexdigest()
    return seed


def _rows(url: str, text: str) -> list[tuple[Any, ...]]:
    with connect(url) as connection:
        return connection.execute(text.encode()).fetchall()


async def _signed(person: Any, closed: Any, **changed: str) -> Any:
    form = {"empreinte": closed.hash, "mot_de_passe": PASSWORD, **changed}
    return await person.post(f"{closed.address}/signer", **form)


async def test_it_is_read_downloaded_signed_and_never_changes(closed: Any, visit: Any, owner_url: str) -> None:
    control = await visit("d.gris")
    assert "n° 1" in (await control.get("/bordereaux?vue=written")).text
    page = (await control.get(closed.address)).text
    for shown in (closed.hash, "2 092,17", "<code>R-SM</code> 1"):
        assert shown in page.replace("\u00a0", " "), shown
    given = await control.get(f"{closed.address}/classeur.xlsx")
    assert sha256(given.content).hexdigest() == closed.hash
    wrong = await _signed(control, closed, mot_de_passe="faux mot de passe")
    assert (wrong.status_code, "Mot de passe incorrect" in wrong.text) == (422, True)
    assert (await _signed(control, closed, empreinte="ab" * 32)).status_code == 409
    done = await _signed(control, closed)
    assert "Signé par Dora Gris" in done.text
    assert (await _signed(control, closed)).status_code == 409
    events = _rows(
        owner_url,
        "select actor, verb, details ->> 'sha256', details ->> 'number' from audit_outbox"
        " where verb like 'bordereau.%' order by id",
    )
    assert events == [
        ("closing", "bordereau.written", closed.hash, "1"),
        ("agent:d.gris", "bordereau.downloaded", closed.hash, None),
        ("agent:d.gris", "bordereau.signed", closed.hash, "1"),
    ]
    for change in ("state = 'written', decided_by = null, decided_at = null", "total_c = 0", f"sha256 = '{'0' * 64}'"):
        with connect(owner_url, "agent:d.gris") as connection, pytest.raises(psycopg.Error, match="does not change"):
            connection.execute(f"update bordereau set {change}".encode())
    agent = await visit("a.martin")
    assert "signé par Dora Gris" in (await agent.get(f"/executions/{closed.run}")).text


async def test_a_sample_is_what_its_seed_draws_and_the_seed_is_in_the_log_first(
    closed: Any, visit: Any, owner_url: str
) -> None:
    control = await visit("d.gris")
    for size in ("", "0", "501", "soixante"):
        assert (await control.post(f"{closed.address}/tirage", taille=size)).status_code == 422
    page = (await control.post(f"{closed.address}/tirage", taille="2")).text
    ((seed, size, digest),) = _rows(
        owner_url,
        "select details ->> 'seed', details ->> 'size', details ->> 'sha256' from audit_outbox"
        " where verb = 'bordereau.sample_drawn'",
    )
    assert (size, digest) == ("2", closed.hash)
    assert seed in page
    _, _, sample = page.partition('aria-label="Tirage, tableau défilant"')
    drawn = re.findall(r'href="/dossiers/(DOS-\w+)"', sample)
    assert tuple(drawn) == draw([case.reference for case in closed.entered], seed, 2)
    again = (await control.post(f"{closed.address}/tirage", taille="1")).text
    assert "Tirage 2" in again, "earlier samples stay visible"
    with connect(owner_url) as connection:
        connection.execute("set role glr_console")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update glr.bordereau_sample set seed = 'autregraine'")


async def test_a_refusal_has_a_reason_is_shown_and_may_be_followed_by_a_signature(
    closed: Any, visit: Any, owner_url: str
) -> None:
    control = await visit("d.gris")
    form = {"empreinte": closed.hash, "mot_de_passe": PASSWORD}
    for reason in ("", "Assuré 1 85 02 61 999 001 89"):
        assert (await control.post(f"{closed.address}/refuser", motif=reason, **form)).status_code == 422
    refused = await control.post(f"{closed.address}/refuser", motif="Deux montants à revoir", **form)
    assert "Refusé par Dora Gris" in refused.text
    agent = await visit("a.martin")
    assert "Deux montants à revoir" in (await agent.get(f"/executions/{closed.run}")).text
    assert "Signé par Dora Gris" in (await _signed(control, closed)).text
    verbs = "select verb from audit_outbox where verb in ('bordereau.signed', 'bordereau.refused') order by id"
    assert _rows(owner_url, verbs) == [("bordereau.refused",), ("bordereau.signed",)]


#: How somebody may have decided in a run, as SQL of the owner.
DECIDED = {
    "approval": "update approval set state = 'approved', validator = 'd.gris', decided_at = now()",
    "exception": "update exception_item set claimed_by = 'd.gris', claimed_until = now()",
    "settled exception": "update exception_item set closed_at = now(), closed_by = 'd.gris', decision = 'reject'",
    "hand-over": "update hand_over set state = 'made', result = '{}', settled_by = 'd.gris', reason = 'vu'",
    "version": "update publication set stage = 1, decided_by = 'd.gris'",
}


@pytest.mark.parametrize("how", DECIDED)
async def test_who_decided_in_the_run_may_not_judge_it(seed: Any, visit: Any, owner_url: str, how: str) -> None:
    entered = [await seed.end()]
    await seed.awaiting()
    await seed.exception()
    with connect(owner_url, "agent:d.gris") as connection:
        connection.execute(
            "insert into hand_over (caisse, run, effect_key, keyword) select caisse, id, 'k', 'mail.send' from run"
        )
        connection.execute("update hand_over set state = 'doubtful'")
        connection.execute(DECIDED[how].encode())
    book = await seed.close(entered)
    control = await visit("d.gris")
    address = f"/bordereaux/{seed.run}"
    assert "une autre personne la juge" in (await control.get(address)).text
    digest = sha256(book.read_bytes()).hexdigest()
    answer = await control.post(f"{address}/signer", empreinte=digest, mot_de_passe=PASSWORD)
    assert answer.status_code == 422
    assert _refused(owner_url, "agent:d.gris", "d.gris") == "GL005"
    assert _rows(owner_url, "select state from bordereau") == [("written",)]


def _refused(url: str, actor: str, login: str) -> str:
    """Try to sign as the console's role, without the console; returns what the database answers."""
    with connect(url, actor) as connection:
        connection.execute("set role glr_console")
        try:
            connection.execute(
                "update glr.bordereau set state = 'signed', decided_by = %s, decided_at = now()", [login]
            )
        except psycopg.Error as error:
            return error.sqlstate or ""
    return ""


@pytest.mark.parametrize(
    ("actor", "login"), [("agent:s.noir", "s.noir"), ("agent:s.noir", "d.gris"), ("agent:personne", "personne")]
)
async def test_the_database_takes_a_signature_from_the_accounting_control_alone_in_its_own_name(
    closed: Any, accounts: None, owner_url: str, actor: str, login: str
) -> None:
    assert _refused(owner_url, actor, login) == "GL005"
    assert _refused(owner_url, "agent:d.gris", "d.gris") == ""


async def test_a_file_that_is_not_the_one_written_down_is_neither_given_nor_signed(
    closed: Any, visit: Any, owner_url: str
) -> None:
    control = await visit("d.gris")
    closed.book.write_bytes(closed.book.read_bytes() + b"x")
    for answer in (await control.get(f"{closed.address}/classeur.xlsx"), await _signed(control, closed)):
        assert (answer.status_code, "Bordereau altéré" in answer.text) == (409, True)
    closed.book.unlink()
    assert (await _signed(control, closed)).status_code == 409
    assert _rows(owner_url, "select state from bordereau") == [("written",)]


async def test_a_bordereau_is_written_again_until_its_run_is_closed_and_judged_only_then(
    seed: Any, orchestrator_db: Database, accounts: None, owner_url: str
) -> None:
    await seed.close([])
    with connect(owner_url) as connection:
        connection.execute("alter table closing disable trigger closing_event")
        connection.execute("update closing set closed_at = null, reason = 'pas finie'")
    assert _refused(owner_url, "agent:d.gris", "d.gris") == "GL003"
    other = {"file_name": "b.xlsx", "sha256": "1" * 64, "cases": 1, "total_c": 5, "entered_c": 5, "entered": "{DOS-A}"}
    again = {"run": seed.run, "caisse": "cpam-931", "exceptions": 0, "codes": {}}
    async with orchestrator_db.transaction("closing") as tx:
        await tx.run("bordereaux.write", **other, **again)
    assert _rows(owner_url, "select number, total_c from bordereau") == [(1, 5)]
    with connect(owner_url) as connection:
        connection.execute("update closing set closed_at = now(), reason = null")
        with pytest.raises(psycopg.Error, match="does not change"):
            connection.execute("update bordereau set total_c = 6")
