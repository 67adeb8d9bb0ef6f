"""Mail over TLS, on the practice mail server with an authority of the test: certificates are verified."""

from __future__ import annotations

import asyncio
import json
import smtplib
import ssl
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from workshops import CONTROL, ROBOT, received, workshop_in, write_mailbox

from keywords import mail
from keywords.mail import lines
from orchestrator.domain.errors import ApplicationException, NotHandedOver
from orchestrator.domain.network import Network
from sandbox.mail.server import mail_server


@pytest.mark.parametrize("way", ["secure", "upgrade"])
async def test_mail_is_sent_and_read_over_a_connection_that_the_internal_authority_vouches_for(
    tmp_path: Path, way: str
) -> None:
    authority = Authority(tmp_path)
    workshop = workshop_in(tmp_path)
    (workshop.home / "modeles" / "m.txt").write_text("Objet : Essai\n\nCorps.\n", encoding="utf-8")
    async with mail_server(tmp_path, **{way: authority.server()}) as urls:
        write_mailbox(tmp_path, urls, authority=authority.path)
        sent = await mail.send(workshop, to="moi", template="m.txt", values={})
        box = await mail.read(workshop, mailbox="INBOX", folder="out")
        await workshop.close()
    assert received(tmp_path) == [sent.message_id]
    assert [message.message_id for message in box.messages] == [sent.message_id]


@pytest.mark.parametrize("way", ["secure", "upgrade"])
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("other authority", "aucune autorité connue ici ne l'a signé"),
        ("no authority", "aucune autorité connue ici ne l'a signé"),
        ("other address", "il n'est pas au nom de « 127.0.0.1 »"),
        ("expired", "il a expiré"),
    ],
)
async def test_a_wrong_certificate_is_refused_before_the_password_is_said(
    tmp_path: Path, way: str, how: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    trusted = Authority(tmp_path, "Une autre") if how == "other authority" else authority
    shown = authority.server("127.0.0.9" if how == "other address" else "127.0.0.1", -1 if how == "expired" else 1)
    if how == "no authority":  # as if the server were elsewhere: only a server on this machine may go without
        monkeypatch.setattr(lines, "_LOOPBACK", set())
    async with mail_server(tmp_path, **{way: shown}) as urls:
        account = _account(tmp_path, urls, "" if how == "no authority" else trusted.path)
        for open_line, kind, nothing in _LINES:
            with pytest.raises(kind) as refused:
                await asyncio.to_thread(open_line, account)
            assert said in str(refused.value)
            assert str(refused.value).endswith(nothing)
            assert account["password"] not in str(refused.value)


async def test_the_house_s_authority_vouches_where_a_mailbox_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    for name, value in Network(authority=Path(authority.path)).variables().items():
        monkeypatch.setenv(name, value)
    async with mail_server(tmp_path, secure=authority.server()) as urls:
        account = _account(tmp_path, urls, "")
        for open_line, _, _ in _LINES:
            line = await asyncio.to_thread(open_line, account)
            line.close() if isinstance(line, smtplib.SMTP) else line.shutdown()


_LINES: list[Any] = [
    (lines.smtp, NotHandedOver, "Rien n'est parti."),
    (lines.imap, ApplicationException, "Rien n'a été lu."),
]


async def test_a_server_without_encryption_is_not_told_the_password(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as urls:
        account = _account(tmp_path, urls, Authority(tmp_path).path)
        for open_line, kind, _ in _LINES:
            with pytest.raises(kind, match="il n'offre pas de chiffrement"):
                await asyncio.to_thread(open_line, account)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "autre"}, "il refuse l'identifiant ou le mot de passe du robot"),
        ({"authority": "/nulle/part.pem"}, "n'est pas un fichier de cette machine"),
        ({"authority": __file__}, "n'est pas un certificat au format PEM"),
    ],
)
async def test_what_is_wrong_in_the_mailbox_file_is_said_with_what_to_do(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    authority = Authority(tmp_path)
    async with mail_server(tmp_path, secure=authority.server()) as urls:
        account = {**_account(tmp_path, urls, authority.path), **changed}
        for open_line, kind, _ in _LINES:
            with pytest.raises(kind) as refused:
                await asyncio.to_thread(open_line, account)
            assert said in str(refused.value)
            assert "mail: de robot.yaml" in str(refused.value) or "PEM" in str(refused.value)


def test_what_is_trusted_verifies_names_and_certificates(tmp_path: Path) -> None:
    server = lines._Server(scheme="smtps", host="h", port=1, authority=Authority(tmp_path).path)
    context = server.trusted()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) == 1


def _account(root: Path, urls: dict[str, str], authority: str) -> dict[str, str]:
    password = json.loads((root / "mail-accounts.json").read_text(encoding="ascii"))[ROBOT]
    return {**urls, "authority": authority, "login": ROBOT, "password": password, "sender": ROBOT, "to": CONTROL}
