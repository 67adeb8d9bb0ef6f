"""Hand-overs: each once, on a real mail server and a real database; the judge is the mail server's own ledger."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from audit_rows import CAISSE, add_run, connect
from workshops import received, workshop_in, write_mailbox

from keywords import files, mail
from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.errors import BusinessException, NotHandedOver
from orchestrator.domain.keywords import Keyword
from orchestrator.drivers.workshop import RobotWorkshop
from orchestrator.engine.hand_over import HandOverInDoubt, HandOvers
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from sandbox.mail.server import mail_server


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[RobotWorkshop]:
    async with mail_server(tmp_path) as urls:
        found = workshop_in(tmp_path)
        write_mailbox(tmp_path, urls)
        (found.home / "modeles" / "m.txt").write_text("Objet : Clôture été\n\nTotal : ${total}\n", encoding="utf-8")
        yield found
        await found.close()


@pytest.fixture
def ledger(orchestrator_db: Database, owner_url: str) -> HandOvers:
    with connect(owner_url) as connection:
        run: UUID = add_run(connection)
    return HandOvers(database=orchestrator_db, caisse=CAISSE, run=run, actor="robot:essai")


@pytest.fixture(scope="module")
def words() -> Mapping[str, Keyword]:
    return load_keywords(Settings())


def _plan(root: Path, *faults: str) -> None:
    (root / "mail-faults.json").write_text(json.dumps(faults), encoding="ascii")


async def test_a_mail_is_sent_once_whatever_is_repeated(
    workshop: RobotWorkshop, ledger: HandOvers, words: Mapping[str, Keyword], tmp_path: Path
) -> None:
    def send() -> object:
        return mail.send(workshop, to="controle", template="m.txt", values={"total": "1"})

    first = await ledger.once("courriel", words["mail.send"], send)  # type: ignore[arg-type]  # a coroutine
    again = await ledger.once("courriel", words["mail.send"], send)  # type: ignore[arg-type]
    assert received(tmp_path) == [first["message_id"]]
    assert again == first


async def test_a_mail_that_may_have_left_is_a_doubt_and_only_a_person_settles_it(
    workshop: RobotWorkshop, ledger: HandOvers, words: Mapping[str, Keyword], tmp_path: Path, owner_url: str
) -> None:
    _plan(tmp_path, "drop")
    for _ in range(2):
        with pytest.raises(HandOverInDoubt):
            await ledger.once(
                "courriel",
                words["mail.send"],
                lambda: mail.send(workshop, to="controle", template="m.txt", values={"total": "1"}),
            )
    assert len(received(tmp_path)) == 1
    with connect(owner_url) as connection:
        with pytest.raises(psycopg.Error, match="impossible transition"):
            connection.execute("update hand_over set state = 'not_made'")
        connection.rollback()
        connection.execute("update hand_over set state = 'made', result = '{}', settled_by = 'a', reason = 'reçu'")


async def test_a_refused_mail_may_be_tried_again(
    workshop: RobotWorkshop, ledger: HandOvers, words: Mapping[str, Keyword], tmp_path: Path
) -> None:
    _plan(tmp_path, "refuse")
    with pytest.raises(NotHandedOver):
        await ledger.once(
            "courriel",
            words["mail.send"],
            lambda: mail.send(workshop, to="controle", template="m.txt", values={"total": "1"}),
        )
    assert received(tmp_path) == []
    await ledger.once(
        "courriel",
        words["mail.send"],
        lambda: mail.send(workshop, to="controle", template="m.txt", values={"total": "1"}),
    )
    assert len(received(tmp_path)) == 1


async def test_a_killed_closing_leaves_an_intent_that_becomes_a_doubt(
    workshop: RobotWorkshop, ledger: HandOvers, words: Mapping[str, Keyword], tmp_path: Path
) -> None:
    async with ledger.database.transaction("robot:essai") as tx:
        await tx.run("hand_overs.intend", caisse=CAISSE, run=ledger.run, effect_key="k", keyword="mail.send")
    with pytest.raises(HandOverInDoubt):
        await ledger.once(
            "k",
            words["mail.send"],
            lambda: mail.send(workshop, to="controle", template="m.txt", values={"total": "1"}),
        )
    assert received(tmp_path) == []


async def test_nobody_undeclared_is_written_to_and_nothing_personal_leaves(
    workshop: RobotWorkshop, tmp_path: Path
) -> None:
    for to, total, code in (("inconnu", "1", "DESTINATAIRE"), ("controle", "1 85 02 61 999 001 89", "PERSONNEL")):
        with pytest.raises(BusinessException) as refused:
            await mail.send(workshop, to=to, template="m.txt", values={"total": total})
        assert refused.value.code == code
    assert received(tmp_path) == []


async def test_a_message_is_read_with_its_attachments_and_moved_never_lost(
    workshop: RobotWorkshop, tmp_path: Path
) -> None:
    (tmp_path / "in" / "a.zip").write_bytes(b"zip")
    attached = await files.find(workshop, folder="in", pattern="a.zip")
    await mail.send(workshop, to="moi", template="m.txt", values={"total": "1"}, attachments=[*attached.files])
    box = await mail.read(workshop, mailbox="INBOX", folder="out")
    assert await mail.read(workshop, mailbox="INBOX", folder="out") == box
    (message,) = box.messages
    assert message.subject.reveal() == "Clôture été"
    assert [file.sha256 for file in message.attachments] == [attached.first.sha256]
    _plan(tmp_path, "refuse")
    with pytest.raises(Exception, match="il reste où il était"):
        await mail.treated(workshop, message=message, folder="Traites")
    assert (await mail.read(workshop, mailbox="INBOX", folder="out")).count == 1
    await mail.treated(workshop, message=message, folder="Traites")
    counts = [(await mail.read(workshop, mailbox=name, folder="out")).count for name in ("INBOX", "Traites")]
    assert counts == [0, 1]
