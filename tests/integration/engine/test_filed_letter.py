"""A letter filed in the GED: the file is part of the fenced act, and arrives as it was made or not at all."""

from __future__ import annotations

import json
import sqlite3
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from one_browser import a_browser
from robot_world import PROJECT, PracticeWorld

from keywords.ged import file_letter, filed
from keywords.letters.models import Letter
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import ReleaseChanged
from orchestrator.domain.personal import Nir, PrivateText
from orchestrator.drivers.act import Sent, WebAct
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.desk import WebDesk

MARCH = Period(date(2026, 3, 5), date(2026, 3, 20))
#: Bytes that a form of texts would not carry: a boundary that is none, line ends of all kinds, every byte.
PDF = b"%PDF-1.4\r\n--\r\n------WebKitFormBoundary\r\n\n\r" + bytes(range(256)) + b"\n%%EOF\n"


@pytest.fixture
async def desk(practice_world: PracticeWorld) -> AsyncIterator[WebDesk]:
    contract = load_contract(PROJECT / "keywords" / "ged" / "screens.yaml")
    async with a_browser() as browser:
        yield WebDesk(browser, contract, practice_world.accounts["ged"])


class Yes:
    """A permit that holds."""

    async def holds(self) -> bool:
        return True

    def in_time(self) -> bool:
        return True

    def under_way(self) -> Yes:
        return self

    @property
    def until(self) -> float:
        return time.time() + 25


def letter(data: bytes = PDF, digest: str = "") -> Letter:
    return Letter(digest=digest or sha256(data).hexdigest(), content=PrivateText(b64encode(data).decode()))


async def prepared(desk: WebDesk, practice: PracticeWorld, reference: str, of: Letter) -> WebAct:
    act = await file_letter(
        desk, nir=Nir.parse(practice.rows[0].nir), kind="COURRIER_ACOMPTE", reference=reference, subject="essai",
        period=MARCH, letter=of, token="GLR-ESSAI",
    )  # fmt: skip
    assert isinstance(act, WebAct)
    return act


def filings(practice: PracticeWorld, reference: str) -> list[dict[str, Any]]:
    lines = (practice.practice.folder / "ged.ledger.jsonl").read_text("utf-8").splitlines()
    return [act for act in map(json.loads, lines) if act["reference"] == reference]


async def test_a_letter_arrives_byte_for_byte_by_one_request_and_is_seen_by_its_reference(
    desk: WebDesk, practice_world: PracticeWorld
) -> None:
    act = await prepared(desk, practice_world, "ESSAI-1", letter())
    assert filings(practice_world, "ESSAI-1") == [], "prepared is not filed"
    assert await act.perform(Yes()) is Sent.ANSWERED

    (line,) = filings(practice_world, "ESSAI-1")
    assert (line["digest"], line["bytes"], line["free_reference"]) == (sha256(PDF).hexdigest(), len(PDF), "GLR-ESSAI")
    with closing(sqlite3.connect(practice_world.practice.folder / "ged.db")) as store:
        kept = store.execute("SELECT contenu FROM document WHERE document = ?", (line["number"],)).fetchone()
    assert kept == (PDF,)
    (seen,) = await filed(desk, reference="ESSAI-1")
    assert (seen.reference, seen.token, seen.period, seen.subject) == (line["number"], "GLR-ESSAI", MARCH, "essai")


async def test_a_request_without_its_file_or_with_another_never_files(
    desk: WebDesk, practice_world: PracticeWorld
) -> None:
    act = await prepared(desk, practice_world, "ESSAI-2", letter())
    await act.page.evaluate("document.querySelector('#fichier').value = ''")
    assert await act.perform(Yes()) is Sent.NOT_SENT, "the gate sees that the request does not carry it"

    act = await prepared(desk, practice_world, "ESSAI-2", letter(digest="0" * 64))
    assert await act.perform(Yes()) is Sent.REFUSED_BY_APPLICATION, "the GED compares the digest with what it received"

    assert desk.page is not None
    strip = "addEventListener('DOMContentLoaded', () => document.forms[0]?.removeAttribute('enctype'))"
    await desk.page.add_init_script(strip)
    with pytest.raises(ReleaseChanged) as changed:
        await prepared(desk, practice_world, "ESSAI-2", letter())
    assert "formulaire envoyé en « application/x-www-form-urlencoded »" in changed.value.changes[0]
    assert filings(practice_world, "ESSAI-2") == []
