"""The closing of a demo's run, as the accounting control receives it; the ledgers of the practice applications judge."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from pathlib import Path

import pypdf
from demo_world import Done

from checker.proof import verify
from orchestrator.domain.money import Euros

CONTROL = "controle-comptable@cpam-931.example"


def _mail(done: Done) -> EmailMessage:
    """Return the one mail about the run of the demo: others may have closed runs in its house since."""
    run = _run(done)[:8]
    paths = (done.house.practice / "mail" / CONTROL / "INBOX").glob("*.eml")
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
    (mine,) = [mail for mail in mails if any(run in str(part.get_filename()) for part in mail.iter_attachments())]
    return mine


def _run(done: Done) -> str:
    return str(done.house.query("select id from glr.run order by started_at limit 1")[0]["id"])


def _plain(text: str) -> str:
    return " ".join(text.split())


def test_the_accounting_control_receives_one_mail_with_the_bordereau_and_the_recap(quiet_demo: Done) -> None:
    house = quiet_demo.house
    message = _mail(quiet_demo)
    entered = quiet_demo.demo.json["ledger"]["lines"]
    total = _plain(str(Euros(sum(line["amount_c"] for line in house.ledger()[:entered]))))
    body = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    assert total in _plain(body)
    assert "aucun écart" in body
    assert "27/03/2026" in body
    (attached,) = [*message.iter_attachments()]
    archive = zipfile.ZipFile(io.BytesIO(attached.get_content()))
    assert sorted(name.rpartition(".")[2] for name in archive.namelist()) == ["pdf", "xlsx"]
    recap = next(name for name in archive.namelist() if name.endswith(".pdf"))
    text = _plain(pypdf.PdfReader(io.BytesIO(archive.read(recap))).pages[0].extract_text())
    assert total in text
    assert "traitement algorithmique" in text
    assert (house.workspace / "inbox" / "traitees" / house.delivery.name).read_bytes() == house.delivery.read_bytes()


def test_nothing_of_a_person_is_in_what_was_handed_over(quiet_demo: Done) -> None:
    house = quiet_demo.house
    message = _mail(quiet_demo)
    said = message.as_string() + str(message.get_body(("plain",)))
    (attached,) = [*message.iter_attachments()]
    archive = zipfile.ZipFile(io.BytesIO(attached.get_content()))
    said += str(attached.get_filename()) + " ".join(archive.namelist())
    for name in archive.namelist():
        if name.endswith(".pdf"):
            said += pypdf.PdfReader(io.BytesIO(archive.read(name))).pages[0].extract_text()
        else:
            inner = zipfile.ZipFile(io.BytesIO(archive.read(name)))
            said += "".join(inner.read(part).decode("utf-8", "replace") for part in inner.namelist())
    rows = csv.reader(house.delivery.read_text(encoding="cp1252").splitlines()[1:], delimiter=";")
    names = {row[1] for row in rows if len(row) == 5 and len(row[1]) > 4}
    assert len(names) > 5
    found = [nir for nir, _ in house.keys().values() if nir in said] + [name for name in names if name in said]
    assert found == []


def test_the_bordereau_that_was_given_is_the_one_that_the_control_judges(quiet_demo: Done) -> None:
    house, run = quiet_demo.house, _run(quiet_demo)
    (attached,) = [*_mail(quiet_demo).iter_attachments()]
    archive = zipfile.ZipFile(io.BytesIO(attached.get_content()))
    book = next(name for name in archive.namelist() if name.endswith(".xlsx"))
    (row,) = house.query("select * from glr.bordereau where run = %(run)s", run=run)
    entered = house.ledger()[: quiet_demo.demo.json["ledger"]["lines"]]
    expected = (
        1,
        book,
        sha256(archive.read(book)).hexdigest(),
        sum(line["amount_c"] for line in entered),
        len(entered),
    )
    assert (row["number"], row["file_name"], row["sha256"], row["entered_c"], len(row["entered"])) == expected
    assert row["total_c"] > row["entered_c"], "what awaits approval is in the control total"
    stopped = house.oracle().values()
    assert row["exceptions"] == sum(one.outcome in {"exception", "set_aside"} for one in stopped)


def test_the_evidence_of_a_sample_verifies_and_says_nothing_of_anybody(quiet_demo: Done, tmp_path: Path) -> None:
    house, out = quiet_demo.house, tmp_path / "preuves.zip"
    key = house.run("robot", "key", *house.here)
    assert key.code == 0, key.err
    asked = ("--run", _run(quiet_demo), "--sample", "4", "--seed", "graine-42", "--out", str(out))
    made = house.run("evidence", *asked, *house.here)
    assert made.code == 0, made.err
    verdict = verify(out, log=house.workspace / "logs" / "audit")
    assert verdict.problems == ()
    assert verdict.fingerprint in key.out
    opened = zipfile.ZipFile(out)
    entered = {line["number"]: line["amount_c"] for line in house.ledger()}
    cases = [json.loads(opened.read(name)) for name in opened.namelist() if name.endswith("dossier.json")]
    assert len(cases) == 4
    for case in cases:
        (entry,) = case["entries"]
        assert (entry["state"], entry["amount_c"]) == ("confirmed", entered[entry["reference"]])
        assert case["captures"], "each is proven by a masked capture"
    texts = b"".join(opened.read(name) for name in opened.namelist() if not name.endswith((".png", ".xlsx"))).decode()
    rows = csv.reader(house.delivery.read_text(encoding="cp1252").splitlines()[1:], delimiter=";")
    personal = {value for row in rows if len(row) == 5 for value in (row[0].replace(" ", ""), row[1]) if len(value) > 4}
    assert [value for value in personal if value in texts] == []


def test_every_hand_over_is_recorded_once(quiet_demo: Done) -> None:
    run = _run(quiet_demo)
    rows = quiet_demo.house.query(
        "select effect_key, state from glr.hand_over where run = %(run)s order by effect_key", run=run
    )
    assert [(row["effect_key"], row["state"]) for row in rows] == [
        ("archive", "made"), ("courriel", "made"), ("livraison", "made"), ("recap", "made"),
    ]  # fmt: skip
    lines = (quiet_demo.house.practice / "mail.ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(run[:8] in name for line in lines for name in json.loads(line)["attachments"]) == 1
